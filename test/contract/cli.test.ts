import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/stack/ports';
import { packageRoot } from '../../src/stack/places';

interface Said {
  status: number;
  out: string;
  err: string;
}

let address: string;
/** A place where no Temporal listens. */
beforeAll(async () => void (address = `127.0.0.1:${await freePort(0)}`));

/** Types a command line, as a script would: no terminal, no colours. */
function evenkeel(...words: string[]): Promise<Said> {
  const env = { ...process.env, TEMPORAL_ADDRESS: address, COLUMNS: '80' };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(packageRoot, 'bin', 'evenkeel.js'), ...words], { env }, (error, out, err) =>
      resolve({ status: error ? Number(error.code) : 0, out, err }),
    );
  });
}

test('help tells every command in a sentence, and what exit statuses mean', async () => {
  const { status, out } = await evenkeel('--help');
  expect(status).toBe(0);
  expect(out).toMatchInlineSnapshot(`
   "Usage: evenkeel [options] [command]

   Durable runbooks for stateful infrastructure.

   Options:
     -V, --version   the version
     --debug         with an error, its stack
     -h, --help      this help

   Runs:
     run             start a runbook and watch it
     watch           watch a run
     list            the runs that go on, or all
     show            all that is known of one run
     pause           let a run stop at its next safe place
     resume          let it go on
     approve         say yes to the plan it shows
     reject          say no to it
     retry           go on from the failed step
     skip            go on without the failed step
     undo            undo what a held run did
     cancel          stop a run and undo what it did
     tune            change an input while it runs
     history         who did what when
     failures        every file that it could not send
     schedule        runs at their times

   Fleet:
     init            write a fleet.yaml
     fleet           check the fleet file
     agent           run the agent of a host, or let a host join
     certs           who is who: the authority of a fleet

   On this machine:
     up              start everything
     down            stop what \`up\` started
     upgrade         replace what runs by this build
     demo            see one do its work
     rehearse        try one on a laboratory fleet, its undo included
     forecast        what a load will be, and how many units it needs
     simulate        what its provisioning would have done, over its own past
     worker          carry out runs
     api             HTTP API and status page
     doctor          what this machine can do
     completion      for your shell
     help [command]  the help of a command

   Exit status:
     0    done, planned, or started with --detach
     1    the run failed, or something broke
     2    the command line is wrong
     3    refused: the input, the plan or the fleet says no
     4    the run waits for a person: held, or for an approval (no terminal, no --wait)
     5    the run was cancelled, rejected or undone
     6    a run with this target runs already
     7    Temporal, a worker or an agent does not answer
     130  left by Ctrl-C; the run goes on

   Examples:
     evenkeel demo ingest                                          see it work on this machine
     evenkeel run ingest-vfs --from legacy --to files2 --dry-run   what would it do?
     evenkeel watch files2                                         a part of an id will do
   "
  `);
});

test('the flags of a runbook are those of its contract', async () => {
  const { status, out } = await evenkeel('run', 'ingest-vfs', '--help');
  expect(status).toBe(0);
  expect(out).toMatchInlineSnapshot(`
   "Usage: evenkeel run ingest-vfs [options]

   Move the storage items of an existing file server onto the FSVMs of a new one.

   Options:
     --from <text>                   a file server of the fleet file (required)
     --to <text>                     a file server of the fleet file (required)
     --balance                       place by capacity alone; otherwise each item
                                     stays on the same ordinal unless that FSVM
                                     would hold more than 1.05 of its fair share
     --items <text>                  only these storage items (may be given several
                                     times)
     --exclude-items <text>          leave these storage items out (may be given
                                     several times)
     --include <text>                take back what --exclude left out, in
                                     gitignore's form; alone it selects nothing
                                     (may be given several times)
     --exclude <text>                leave out paths that match these patterns, in
                                     gitignore's form (may be given several times)
     --bandwidth <rate>              bytes per second that each source FSVM may
                                     send; 0 is no bound; \`evenkeel tune\` changes
                                     it (default: 0)
     --tokens <number>               items that one FSVM sends or takes at once
                                     (default: 2)
     --max-passes <number>           delta passes before the cutover at the most
                                     (default: 5)
     --small-delta-bytes <size>      a delta below this is small enough for the
                                     cutover (default: 64 MiB)
     --paranoid                      re-read every byte on both sides instead of
                                     trusting times and the catalog
     --verify <metadata|content>     \`content\` reads back what was stored (default:
                                     content)
     --cutover <go|ask>              \`ask\`: wait for an approval before the source
                                     becomes read-only (default: go)
     --no-fsync                      do not wait for the target's disks at the end
                                     of each pass
     --dry-run                       print the plan and stop; nothing is touched
     --approval <none|ask>           \`ask\`: nothing is changed before somebody
                                     approves the plan (default: none)
     --on-failure <hold|undo|leave>  what a run does with a failed step: hold and
                                     ask, undo what it did, or end and leave that
                                     as it is (default: hold)
     --ticket <text>                 a change or incident number, kept with the run
     --input <file>                  a JSON file with the same fields (- is
                                     standard input); flags win over it
     --detach                        start it and return at once
     --wait                          without a terminal: keep waiting while the run
                                     waits for a person
     --json                          one JSON line an event, the report as the last
                                     line
     -h, --help                      this help

   Examples:
     evenkeel run ingest-vfs --from legacy --to files2 --dry-run
     evenkeel run ingest-vfs --from legacy --to files2 --bandwidth 50MiB
     evenkeel run ingest-vfs --from legacy --to files2 --approval ask --detach

   Exit status:
     0    done, planned, or started with --detach
     1    the run failed, or something broke
     2    the command line is wrong
     3    refused: the input, the plan or the fleet says no
     4    the run waits for a person: held, or for an approval (no terminal, no --wait)
     5    the run was cancelled, rejected or undone
     6    a run with this target runs already
     7    Temporal, a worker or an agent does not answer
     130  left by Ctrl-C; the run goes on
   "
  `);
});

test.each([
  [['rum'], 2, "unknown command 'rum'\n(Did you mean run?)"],
  [['run', 'ingest-vs', '--from', 'a'], 3, 'there is no runbook "ingest-vs"; did you mean "ingest-vfs"?'],
  [['run', 'ingest-vfs', '--form', 'a'], 2, "unknown option '--form'\n(Did you mean --from?)"],
  [['run', 'ingest-vfs', '--from', 'a'], 2, 'ingest-vfs needs --to'],
  [['run', 'ingest-vfs', '--from', 'a', '--to', 'b', '--verify', 'contnet'], 2, '(Did you mean content?)'],
  [['run', 'ingest-vfs', '--from', 'a', '--to', 'b', '--bandwidth', '5 parsecs'], 2, 'Give a size such as 50MiB'],
  [['run', 'ingest-vfs', '--from', 'a', '--to', 'b', '--tokens', '99'], 3, 'tokens: Too big'],
  [
    ['run', 'ingest-vfs', '--from', 'a', '--to', 'b', '--include', '*.pdf'],
    3,
    "To copy only *.pdf: --exclude '*' --incl",
  ],
  [['run', 'ingest-vfs', '--input', '/nowhere.json'], 3, '/nowhere.json cannot be read'],
  [['skip', 'files2'], 2, "required option '--why <text>' not specified"],
  [['approve', 'files2'], 2, '--plan <digest>'],
  [['tune', 'files2'], 2, 'name what to change: --bandwidth'],
  [['schedule', 'apply', 'ingest-vfs', '--every', 'soon'], 2, 'Give a time of a second or more'],
  [['list'], 7, 'Temporal does not answer at 127.0.0.1:'],
  [['run', 'ingest-vfs', '--from', 'a', '--to', 'b'], 7, 'next: start it (`evenkeel up`), or set TEMPORAL_ADDRESS.'],
])('evenkeel %j ends with %d and says what to do', async (words, status, says) => {
  const said = await evenkeel(...words);
  expect(said).toMatchObject({ status, err: expect.stringContaining(says) });
  expect(said.err.trim().split('\n').length).toBeLessThanOrEqual(2);
});

test('fleet check ends with 3 for what is wrong in the file, and with 7 for agents that do not answer', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-cli-'));
  try {
    const file = join(folder, 'fleet.yaml');
    const check = async (text: string) => {
      writeFileSync(file, text);
      return [
        await evenkeel('fleet', 'check', '--fleet', file),
        await evenkeel('fleet', 'check', '--online', '--fleet', file),
      ];
    };
    const right = `fleet: x\nhosts: { a: { agent: http://${address}, zone: a } }\n`;
    expect((await check(right)).map(({ status }) => status)).toEqual([0, 7]);
    expect((await check(right.replace('zone', 'zome'))).map(({ status }) => status)).toEqual([3, 3]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('upgrade prints, for hosts that are not this machine, what to type where, in order', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-cli-'));
  try {
    const file = join(folder, 'fleet.yaml');
    for (const name of ['ca', 'cert', 'key']) writeFileSync(join(folder, name), '');
    const host = (name: string) => `${name}: { agent: https://${name}.invalid:7443, zone: ${name} }`;
    writeFileSync(
      file,
      `fleet: x\nhosts: { ${host('fs-1')}, ${host('fs-2')} }\ntls: { ca: ca, cert: cert, key: key }\n`,
    );
    const { status, out } = await evenkeel('upgrade', '--fleet', file);
    expect(status).toBe(0);
    const places = out.split('\n').filter((line) => /^ {2}(on|where) /.test(line));
    expect(places.map((line) => [line.slice(2, 24).trim(), line.replace(/.*(&& sudo |, and )/, '')])).toEqual([
      ['where workers run', expect.stringContaining('stop every worker')],
      ['on fs-1', 'systemctl restart evenkeel-agent-fs-1'],
      ['on fs-2', 'systemctl restart evenkeel-agent-fs-2'],
      ['where the API runs', 'start it again'],
      ['where workers run', expect.stringContaining('start them again')],
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('--debug shows where an error comes from', async () => {
  const { err } = await evenkeel('list', '--debug');
  expect(err).toMatch(/ at .*temporal\.js/);
});
