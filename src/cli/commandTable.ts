import type { Command } from 'commander';

export const groups = {
  runs: 'Runs:',
  fleet: 'Fleet:',
  here: 'On this machine:',
} as const;

export interface CommandEntry {
  name: string;
  summary: string;
  group: keyof typeof groups;
  /** Loads the command and adds it. */
  add: (program: Command) => Promise<void>;
}

type Add = CommandEntry['add'];
const entry =
  (group: CommandEntry['group']) =>
  (name: string, summary: string, add: Add): CommandEntry => ({ name, summary, group, add });
const runs = entry('runs');
const fleet = entry('fleet');
const here = entry('here');
const word = (name: string, summary: string): CommandEntry =>
  runs(name, summary, async (program) => (await import('./control.js')).addWord(program, name));

/** Every command, in the order of the help. */
export const commandTable: readonly CommandEntry[] = [
  runs('run', 'start a runbook and watch it', async (program) => (await import('./run.js')).addRun(program)),
  runs('watch', 'watch a run', async (program) => (await import('./look.js')).addWatch(program)),
  runs('list', 'the runs that go on, or all', async (program) => (await import('./look.js')).addList(program)),
  runs('show', 'all that is known of one run', async (program) => (await import('./look.js')).addShow(program)),
  word('pause', 'let a run stop at its next safe place'),
  word('resume', 'let it go on'),
  word('approve', 'say yes to the plan it shows'),
  word('reject', 'say no to it'),
  word('retry', 'go on from the failed step'),
  word('skip', 'go on without the failed step'),
  word('undo', 'undo what a held run did'),
  word('cancel', 'stop a run and undo what it did'),
  runs('tune', 'change an input while it runs', async (program) => (await import('./tune.js')).addTune(program)),
  runs('history', 'who did what when', async (program) => (await import('./look.js')).addHistory(program)),
  runs('failures', 'every file that it could not send', async (program) =>
    (await import('./failures.js')).addFailures(program),
  ),
  runs('schedule', 'runs at their times', async (program) => (await import('./schedule.js')).addSchedule(program)),
  fleet('init', 'write a fleet.yaml', async (program) => (await import('./init.js')).addInit(program)),
  fleet('fleet', 'check the fleet file', async (program) => (await import('./fleet.js')).addFleet(program)),
  fleet('agent', 'run the agent of a host, or let a host join', async (program) =>
    (await import('./agent.js')).addAgent(program),
  ),
  fleet('certs', 'who is who: the authority of a fleet', async (program) =>
    (await import('./certs.js')).addCerts(program),
  ),
  here('up', 'start everything', async (program) => (await import('./up.js')).addUp(program)),
  here('down', 'stop what `up` started', async (program) => (await import('./up.js')).addDown(program)),
  here('upgrade', 'replace what runs by this build', async (program) =>
    (await import('./upgrade.js')).addUpgrade(program),
  ),
  here('demo', 'see one do its work', async (program) => (await import('./demo.js')).addDemo(program)),
  here('rehearse', 'try one on a laboratory fleet, its undo included', async (program) =>
    (await import('./rehearse.js')).addRehearse(program),
  ),
  here('forecast', 'what a load will be, and how many units it needs', async (program) =>
    (await import('./forecast.js')).addForecast(program),
  ),
  here('simulate', 'what its provisioning would have done, over its own past', async (program) =>
    (await import('./simulate.js')).addSimulate(program),
  ),
  here('worker', 'carry out runs', async (program) => (await import('./worker.js')).addWorker(program)),
  here('api', 'HTTP API and status page', async (program) => (await import('./api.js')).addApi(program)),
  here('doctor', 'what this machine can do', async (program) => (await import('./doctor.js')).addDoctor(program)),
  here('completion', 'for your shell', async (program) => (await import('./completion.js')).addCompletion(program)),
];
