import type { Command } from 'commander';
import { Option } from 'commander';
import { roles, type Role } from '../contract/roles';
import { paintFor, printJson, printLine, table } from './print';

interface Place {
  dir: string;
  json?: boolean;
}

export function addCerts(parent: Command): void {
  const certs = parent.command('certs').description('the private authority of a fleet: who its agents and people are');
  inPlace(certs.command('init'))
    .description('make the authority of a fleet')
    .requiredOption('--fleet <name>', 'the name of the fleet')
    .option('--days <n>', 'how long it is good', Number, 3_650)
    .action(init);
  inPlace(certs.command('issue'))
    .description('make a certificate for a host or a person, or answer the request of one')
    .option('--name <name>', 'the host as the fleet file names it, or a person')
    .addOption(new Option('--role <role>', 'what its bearer may do').choices(roles).makeOptionMandatory())
    .option('--request <file>', 'a request made by `evenkeel agent join`: the key stays where it was made')
    .option('--address <address...>', 'for callers that compare addresses; agents compare names')
    .option('--days <n>', 'how long it is good', Number, 397)
    .option('--renew', 'replace the one that is there')
    .action(issueOne);
  inPlace(certs.command('show')).description('what the authority has issued, and how long it is good').action(show);
}

const inPlace = (command: Command): Command =>
  command.option('--dir <directory>', 'where the authority lies', 'certs').option('--json', 'print facts for machines');

async function init({ dir, json, fleet, days }: Place & { fleet: string; days: number }): Promise<void> {
  const { createAuthority } = await import('../agent/authority.js');
  const made = await createAuthority(dir, fleet, days);
  if (json) return printJson(made);
  printLine(
    `The authority of ${fleet} is in ${dir}. Keep ${dir}/ca.key to yourself; every host needs ${made.certificate}.`,
  );
  printLine(`next: evenkeel certs issue --dir ${dir} --name HOST --role agent`);
}

interface IssueFlags extends Place {
  name?: string;
  role: Role;
  request?: string;
  address?: string[];
  days: number;
  renew?: boolean;
}

async function issueOne(flags: IssueFlags, command: Command): Promise<void> {
  const { dir, json, name, role, request, address: addresses = [], days, renew = false } = flags;
  if ((name === undefined) === (request === undefined)) command.error('give either --name or --request');
  const { answer, issue } = await import('../agent/authority.js');
  const options = { role, addresses, days };
  const made =
    request === undefined
      ? await issue(dir, { ...options, name: name ?? '', renew })
      : { key: '', ...(await answer(dir, request, options)) };
  if (json) return printJson(made);
  printLine(
    `${made.name} is ${role} until ${made.notAfter.slice(0, 10)}: ${[made.cert, made.key].filter(Boolean).join(', ')}`,
  );
}

async function show({ dir, json }: Place): Promise<void> {
  const { issuedBy } = await import('../agent/authority.js');
  const issued = await issuedBy(dir);
  if (json) return printJson(issued);
  const daysLeft = (notAfter: string) => Math.floor((Date.parse(notAfter) - Date.now()) / (24 * 3_600_000));
  const rows = issued.map(({ name, role, serial, notAfter }) => [
    ...[name, role, notAfter.slice(0, 10), String(daysLeft(notAfter)), serial],
  ]);
  printLine(table(['NAME', 'ROLE', 'GOOD UNTIL', 'DAYS LEFT', 'SERIAL'], rows, paintFor(process.stdout)));
}
