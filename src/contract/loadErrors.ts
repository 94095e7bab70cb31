/** The refusals about objects, their load and their size: rows of the one table in errors.ts. */
export const loadErrors = {
  UnknownObject: {
    says: 'the fleet file has no object "{name}"{near}',
    retry: false,
    next: 'look at `evenkeel fleet check`',
  },
  NoAnswer: {
    says: '{what} does not answer: {why}',
    retry: true,
    next: 'look whether it runs and {host} reaches it; it is asked again by itself',
  },
  SaidNo: {
    says: '{what} refused: {why}',
    retry: false,
    next: 'look at what the fleet file says of {object}, and at the rights it names',
  },
  NoSeries: {
    says: '{what} has no value from {from} to {to}',
    retry: false,
    next: 'look whether it still exists under that name; nothing is decided without it',
  },
  ManySeries: {
    says: '{what} are {count} series, and a forecast is of one',
    retry: false,
    next: 'sum them up or choose one in the query of {object}',
  },
  BadSeries: { says: '{what}: {why}', retry: false, next: 'correct it there; nothing is made up in its place' },
  OtherStep: {
    says: '{what} has a value every {found}, and the step of {object} is {step}',
    retry: false,
    next: 'give {object} that step in the fleet file, or mend what measures it',
  },
  ClockSkew: {
    says: 'the clock of {what} is {skew} {way} that of {host}',
    retry: false,
    next: 'set both clocks (NTP); until then its newest values cannot be told from older ones',
  },
  OutsideBounds: {
    says: '{object} would have {size} {unit}, and the fleet file allows {min} to {max}',
    retry: false,
    next: 'change min or max there, if that size is right',
  },
  NotResized: {
    says: '{object} was to have {wanted} {unit}, and has {size}{why}',
    retry: false,
    next: 'look at it there; `evenkeel show` tells what was asked for',
  },
  NoUnits: {
    says: '{object} has `targetUse`: its series is the share in use of a size that itself changed, so nobody can tell what another size would have carried',
    retry: false,
    next: 'give it a series of the load itself and its `capacity`, and simulate that',
  },
  TooLittleHistory: {
    says: '{object} has {found} of history, and {what} needs {needed}',
    retry: false,
    next: 'ask for fewer days (--days), or wait until more is measured',
  },
} as const;
