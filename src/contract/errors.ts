import { failoverErrors } from './failoverErrors';
import { loadErrors } from './loadErrors';
import { runErrors } from './runErrors';

/** Every refusal of ours: what happened, is a retry worth it, what the operator does next. No zod here: workflows import it by value. */
export const errors = {
  BadInput: { says: '{what}', retry: false, next: 'correct it and send it again' },
  UnknownHost: { says: 'the fleet has no host "{host}"{near}', retry: false, next: 'look at `evenkeel fleet check`' },
  UnknownFileServer: {
    says: 'the fleet has no file server "{name}"{near}',
    retry: false,
    next: 'look at `evenkeel fleet check`',
  },
  Unauthenticated: {
    says: '{why}',
    retry: false,
    next: 'give a token (EVENKEEL_TOKEN) or a client certificate made by `evenkeel certs`',
  },
  WrongRole: {
    says: '{who} is {role}, and {what} needs {needs}',
    retry: false,
    next: 'ask someone with that role, or get a certificate that carries it',
  },
  OutsideRoots: {
    says: '{path} is outside the roots of {host}',
    retry: false,
    next: "add its directory to the host's roots in the fleet file, if it belongs there",
  },
  NotFound: { says: '{what} does not exist on {host}', retry: false, next: 'check its name' },
  NotPermitted: { says: '{what}: {why}', retry: false, next: 'give the agent that right, or leave this out' },
  NoSuchCapability: {
    says: '{host} has no capability "{capability}"',
    retry: false,
    next: 'add it to the host in the fleet file and restart its agent',
  },
  StaleEpoch: {
    says: '{target} is held under epoch {known} on {host}; epoch {given} came too late',
    retry: false,
    next: 'nothing: a newer run has taken over. See `evenkeel list`',
  },
  JobTaken: {
    says: 'job {job} on {host} runs with another input',
    retry: false,
    next: 'use a new id: one id is one piece of work',
  },
  JobCancelled: { says: 'job {job} was stopped', retry: false, next: 'run it again to go on from where it stopped' },
  JobLost: { says: 'job {job} is not known on {host}', retry: true, next: 'it is started again by itself' },
  AgentRunsAlready: {
    says: 'an agent of {host} runs already with the state in {stateDir}',
    retry: false,
    next: 'stop it first, or give this one another --state',
  },
  NotSecured: {
    says: 'the agent of {host} does not start: {why}',
    retry: false,
    next: 'on loopback set EVENKEEL_TOKEN; elsewhere use https:// and certificates made by `evenkeel certs`',
  },
  StillStopping: {
    says: '{what} on {host} was asked to stop and has not ended yet',
    retry: true,
    next: 'nothing: it is tried again by itself when that has ended',
  },
  Unexpected: {
    says: '{host} met an error that it does not know: {why} (incident {incident})',
    retry: false,
    next: "look for that incident in the agent's log, then retry",
  },
  AgentUnreachable: {
    says: 'the agent of {host} does not answer at {url}: {why}',
    retry: true,
    next: 'look at the host, or start its agent; the run goes on by itself when it answers',
  },
  PeerUnreachable: {
    says: '{host} cannot reach {peer}: {why}',
    retry: true,
    next: 'look at the link between them; the job goes on by itself when it is back',
  },
  ServiceDied: {
    says: 'the {service} service of {host} ended: {why}',
    retry: true,
    next: "it is started again by itself; see the agent's log if it repeats",
  },
  DiskFull: { says: '{path} on {host} has no space left', retry: true, next: 'make space; the job goes on by itself' },
  Corrupt: {
    says: '{what} arrived damaged on {host}',
    retry: true,
    next: 'it is sent again by itself; look at memory and cabling if it repeats',
  },
  WrongVersion: { says: '{host} runs Evenkeel {theirs}, this is {ours}', retry: false, next: 'upgrade the older one' },
  NothingToDo: {
    says: '{what} has nothing in it: an empty set never means all',
    retry: false,
    next: 'check the name and the filters',
  },
  TooMany: { says: '{what}: {count}, and the limit is {limit}', retry: false, next: '{advice}' },
  NoTarget: {
    says: '{name} has no FSVM that can take storage items',
    retry: false,
    next: 'add FSVMs to it, or resume the paused ones',
  },
  SameFileServer: { says: '{from} and {to} overlap: {why}', retry: false, next: 'name two different file servers' },
  ItemsServed: {
    says: '{to} serves {count} of these storage items already: {first}',
    retry: false,
    next: 'leave them out with --exclude-items: what is in service is not overwritten',
  },
  ItemsThere: {
    says: '{to} has {count} of these storage items on its disks already, and no copy of ours brought them: {first}',
    retry: false,
    next: 'leave them out with --exclude-items, or remove them there first: nothing is overwritten',
  },
  NotEnoughSpace: {
    says: '{host} has {free} free and would have to hold {needed}',
    retry: false,
    next: 'make space there, add an FSVM, or leave items out with --exclude-items',
  },
  ...loadErrors,
  ...failoverErrors,
  FleetFrozen: { says: 'the fleet is frozen: {why}', retry: false, next: 'lift `freeze` in the fleet file' },
  HostPaused: {
    says: '{host} is on the pause list',
    retry: false,
    next: 'take it off `limits.paused` in the fleet file',
  },
  OtherKey: {
    says: 'this was encrypted with key {wanted}, and EVENKEEL_CODEC_KEY_FILE holds {have}',
    retry: false,
    next: 'give this process the key file that the other workers and clients have',
  },
  HostSilent: {
    says: 'the agent of {host} does not answer, and this run needs it: {why}',
    retry: false,
    next: 'start its agent (`evenkeel agent run`), or leave its items out',
  },
  TooSick: {
    says: '{healthy} of {total} hosts answer, fewer than minHealthy ({needed})',
    retry: false,
    next: 'bring hosts back first, or lower limits.minHealthy',
  },
  SourceNotQuiet: {
    says: '{changes} changes came to {name} after it was to be read-only',
    retry: false,
    next: 'stop its writers, then retry this step',
  },
  Newcomers: {
    says: '{count} storage items came to {name} after it was counted: {first}',
    retry: false,
    next: 'move them away and retry, or skip this step with a reason: they stay behind, and `evenkeel run` takes them later with --items',
  },
  ManyDeleted: {
    says: '{deleted} entries of {total} were gone from {name} when it was read-only',
    retry: false,
    next: 'look whether a part of it is no longer mounted; skip this step with a reason if they were meant to go',
  },
  NotVerified: {
    says: '{differing} of {total} storage items differ between {from} and {to}',
    retry: false,
    next: 'look at `evenkeel show`, then retry: what differs is sent again',
  },
  LeftBehind: {
    says: '{what} at {to} took the place of what this run stored there, and stayed: {first}',
    retry: false,
    next: 'look at them; move them away and retry, or skip with a reason: they stay',
  },
  ItemsFailed: {
    says: '{failed} of {total} storage items could not be sent: {first}',
    retry: false,
    next: 'mend the cause, then retry: what was sent stays sent',
  },
  NoAdvance: {
    says: '{what}: {attempts} attempts in a row got no further, the last one since {why}',
    retry: true,
    next: 'mend the cause, then retry: what was done stays done',
  },
  ...runErrors,
  NoSuchSchedule: { says: 'there is no schedule "{id}"{near}', retry: false, next: 'see `evenkeel schedule list`' },
  UnknownRunbook: { says: 'there is no runbook "{name}"{near}', retry: false, next: 'see `evenkeel run --help`' },
  TemporalUnreachable: {
    says: 'Temporal does not answer at {address}: {why}',
    retry: true,
    next: 'start it (`evenkeel up`), or set TEMPORAL_ADDRESS',
  },
  TemporalSaidNo: {
    says: 'Temporal refused to {what}: {why}',
    retry: false,
    next: 'check TEMPORAL_NAMESPACE and the rights of its key',
  },
  NoWorker: {
    says: 'no worker answered for {id} within {seconds} s',
    retry: true,
    next: 'start one (`evenkeel up`, or `evenkeel worker`): it goes on with the run, and takes what was said to it',
  },
  InsecureBind: {
    says: 'the API would be open to the network at {address} without TLS',
    retry: false,
    next: 'give --tls-cert and --tls-key (`evenkeel certs` makes them), or listen on 127.0.0.1',
  },
  OpenSecret: { says: '{path} can be read by others', retry: false, next: 'chmod 600 {path}' },
  NoSuchFile: { says: '{path} cannot be read: {why}', retry: false, next: 'check the path' },
  NoTemporal: {
    says: 'no Temporal server was found, nor could one be fetched: {tried}',
    retry: false,
    next: 'set TEMPORAL_ADDRESS to a server of yours, or put `temporal` on the PATH',
  },
  NotStarted: { says: '{what} did not start: {why}', retry: false, next: 'look into {log}' },
  NoFleetFile: {
    says: 'there is no fleet file ({looked})',
    retry: false,
    next: 'make one with `evenkeel init`, or name one with --fleet',
  },
  BadFleet: { says: '{problems}', retry: false, next: 'correct {file}; `evenkeel fleet check` looks again' },
  StackBusy: {
    says: 'process {pid} is starting or stopping the stack in {stateDir} right now',
    retry: true,
    next: 'wait for it, then try again',
  },
  OtherFleet: {
    says: 'the stack here runs with {running}, not with {given}',
    retry: false,
    next: 'stop it first with `evenkeel down`, or keep the two apart with EVENKEEL_STATE',
  },
  PortTaken: {
    says: 'port {port}, where {what} is to listen, is taken',
    retry: false,
    next: 'stop who listens there, or give another port',
  },
  NotRunning: { says: '{what} does not run', retry: false, next: 'start it with `evenkeel up`' },
  FileExists: {
    says: '{path} exists already',
    retry: false,
    next: 'pass --force to replace it, or name another with --to',
  },
} as const satisfies Record<string, { says: string; retry: boolean; next: string }>;

export type ErrorCode = keyof typeof errors;

/** A no with its reason: `code` from the table, `facts` fill its sentence. The kit turns it into a failure that no retry can change. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  constructor(
    readonly code: ErrorCode,
    readonly facts: Record<string, string | number> = {},
    options?: { cause: unknown },
  ) {
    const { says, next } = errors[code];
    const fill = (text: string) => text.replace(/\{(\w+)\}/g, (_, key: string) => String(facts[key] ?? ''));
    const said = fill(says);
    super(`${said}${/[.?!]$/.test(said) ? '' : '.'} Next: ${fill(next)}.`, options);
  }
  get retry(): boolean {
    return errors[this.code].retry;
  }
}

/** What happened, without what to do next: for sentences that go on. */
export const withoutNext = (message: string): string => message.split('. Next: ')[0]!;

/** The same of whatever was thrown. */
export const whyOf = (error: unknown): string => withoutNext(error instanceof Error ? error.message : String(error));

export const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(errors, code);
