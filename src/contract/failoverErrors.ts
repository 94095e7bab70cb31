/** The refusals about endpoints, proxies and who serves them: rows of the one table in errors.ts. */
export const failoverErrors = {
  UnknownEndpoint: {
    says: 'the fleet file has no endpoint "{name}"{near}',
    retry: false,
    next: 'look at `evenkeel fleet check`',
  },
  UnknownProxies: {
    says: 'the fleet file has no pair of proxies "{name}"{near}',
    retry: false,
    next: 'look at `evenkeel fleet check`',
  },
  UnknownForwarder: {
    says: '{name} has no forwarder "{forwarder}", only {known}',
    retry: false,
    next: 'look at `evenkeel fleet check`',
  },
  NoPart: {
    says: '{host} has no {part} of {name}',
    retry: false,
    next: 'look at what the fleet file says of {name}; restart the agent if that is new',
  },
  EpochMoved: {
    says: 'the route of {endpoint} on {host} is under epoch {known}, and {from} was expected',
    retry: false,
    next: 'somebody else changed it: look at `evenkeel list` and at what the agents did by themselves, then retry',
  },
  NotRedirected: {
    says: 'only {host} can redirect the clients of {node}, and its agent does not answer: {why}',
    retry: false,
    next: 'bring {host} back; with `by: address` the other node could take them over',
  },
  LeftAlone: {
    says: '{forwarder} of {name} is left as it is: by now it serves the primary, or nobody knows who that is',
    retry: false,
    next: 'look at `evenkeel run guard-endpoint --dry-run`; without --only-astray it is opened all the same',
  },
  NotClosed: {
    says: 'the route of {endpoint} on {host} is open to {to}: it is closed before it is opened to something else',
    retry: false,
    next: 'close it first',
  },
  NotForwarded: {
    says: '{by} forwards to IPv4 addresses only so far, and {address} is none',
    retry: false,
    next: 'give the members of the endpoint IPv4 addresses in the fleet file',
  },
  KernelRefused: {
    says: '{what} on {host}: {why}',
    retry: false,
    next: 'look whether the agent has CAP_NET_ADMIN, and who else changes its table',
  },
  NotFenced: {
    says: '{member} on {host} is not proven dead: {why}',
    retry: true,
    next: 'make sure that it serves nobody (power, hypervisor, network); then retry, or skip with the reason',
  },
  OrderUndone: {
    says: 'the order to {member} on {host} was undone meanwhile under the same epoch {epoch}',
    retry: false,
    next: 'nothing: it was on its way when its run took it back',
  },
  NotPrimary: { says: '{member} on {host} is {state}, not primary', retry: false, next: 'look at `evenkeel show`' },
  NotStandby: { says: '{member} on {host} is {state}, not a standby', retry: false, next: 'look at `evenkeel show`' },
  NotPromoted: {
    says: '{member} on {host} is not primary after {seconds} s: {why}',
    retry: false,
    next: 'the next candidate is asked by itself; look into the log of its server',
  },
  NotStopped: {
    says: '{member} on {host} did not stop within {seconds} s: {why}',
    retry: false,
    next: 'look what keeps it (archive_command, a standby that lags), then start the switch-over again',
  },
  NotFollowing: {
    says: '{member} on {host} does not follow {primary}: {why}',
    retry: true,
    next: 'look into the log of its server; `evenkeel run rejoin-standby` rewinds it if it diverged',
  },
  Diverged: {
    says: '{member} on {host} has WAL that {primary} lacks',
    retry: false,
    next: 'run `evenkeel run rejoin-standby`: it keeps that WAL aside, then rewinds',
  },
  CannotRewind: {
    says: '{member} on {host} cannot be rewound: {why}',
    retry: false,
    next: 'make it anew from a base backup of {primary}',
  },
  DatabaseSilent: { says: '{member} does not answer: {why}', retry: true, next: 'it is asked again by itself' },
  DatabaseSaidNo: { says: '{member} refused to {what}: {why}', retry: false, next: 'look at the rights of its user' },
  WriteFailed: {
    says: 'no write came through {address}:{port}: {why}',
    retry: true,
    next: 'it is tried again by itself; look at the forwarder, and at the primary behind it',
  },
  PoolerBusy: {
    says: 'the pooler of {host} still has transactions after {seconds} s',
    retry: false,
    next: 'end the long transactions, or give the switch-over more time; its clients go on as before',
  },
  PoolerSilent: {
    says: 'the pooler of {host} does not answer: {why}',
    retry: true,
    next: 'it is asked again by itself; look whether it runs',
  },
  PoolerSaidNo: {
    says: 'the pooler of {host} refused {what}: {why}',
    retry: false,
    next: 'look at its admin_users, and at the password that the fleet file names',
  },
  LaboratoryLacks: {
    says: 'this machine cannot carry the laboratory: {title} ({why})',
    retry: false,
    next: '{get}',
  },
  DnsSilent: {
    says: 'the DNS server {server} does not answer: {why}',
    retry: true,
    next: 'it is asked again by itself; clients keep the addresses that they have',
  },
  DnsSaidNo: {
    says: 'the DNS server {server} refused the update of {name}: {why}',
    retry: false,
    next: 'look at its rules for updates, and at the key that the fleet file names',
  },
  NotTaken: { says: '{host} did not get {address}: {why}', retry: true, next: 'look at the device in the fleet file' },
  NotGivenUp: {
    says: '{host} did not give {address} up: {why}',
    retry: true,
    next: 'take the address away from whatever has it there: it must not be on two hosts',
  },
  NoProxy: {
    says: 'the proxy of {node} on {host} does not answer: {why}',
    retry: true,
    next: 'look into its log; it is started again by itself where the fleet file says how',
  },
  ProxyUnreached: {
    says: 'no proxy answered at {address}:{port}: {why}',
    retry: true,
    next: 'it is tried again by itself; look which host has the address, and whether its proxy listens on all addresses',
  },
  InMaintenance: {
    says: '{name} is in maintenance: {why}',
    retry: false,
    next: 'take `maintenance` off it in the fleet file, or run it with --force',
  },
  CoolingDown: {
    says: '{name} failed over {ago} ago, and its cool-down is {coolDown}',
    retry: false,
    next: 'look why it fails again; run it with --force if it must be now',
  },
  NoMajority: {
    says: '{down} of {total} observers of {name} say that {member} is gone, and a majority is {needed}',
    retry: false,
    next: 'look at the observers; with --force it is failed over all the same',
  },
  ProxyAnswers: {
    says: 'the proxy of {node} answers {answers} of the {total} agents of {name}',
    retry: false,
    next: 'nothing: its clients are served. Stop that proxy first if they are to move',
  },
  StillAlive: {
    says: '{member} answers {answers} of {total} observers of {name}',
    retry: false,
    next: 'use `evenkeel run switch-over-endpoint`, which loses nothing; with --force it is failed over all the same',
  },
  NoCandidate: {
    says: 'no member of {name} can take over: {why}',
    retry: false,
    next: 'bring a standby back, or let the old primary start again',
  },
  NoPrimary: { says: '{name} has {count} primaries: {which}', retry: false, next: 'look at its members' },
  BadPlan: { says: 'the armed plan of {name} is not used: {why}', retry: false, next: 'nothing: it is made anew' },
  StillArmed: {
    says: '{who} has not heard that {name} is disarmed; its plan ends at {until}, and {so}',
    retry: false,
    next: 'nothing: it is told again',
  },
} as const;
