import type { Command } from 'commander';
import { abilities, abilityNames, type Ability } from '../stack/machine';
import { stateDir } from '../stack/places';
import { paintFor, printJson, printLine, padded, type Paint } from './print';
import { runningParts } from './up';

interface Finding {
  name: string;
  title: string;
  for: Ability['for'];
  there: boolean;
  why?: string;
  get?: string;
}

const headings: Record<Ability['for'], string> = {
  first: 'Nothing works without',
  suite: 'Used by the drivers of today and by the tests',
  later: 'Used by some drivers and benchmarks',
};

export function addDoctor(parent: Command): void {
  parent
    .command('doctor')
    .description('What this machine can do, what is missing, and the one line that gets it.')
    .option('--json', 'as one JSON document')
    .action(({ json }: { json?: boolean }) => {
      const findings = abilityNames.map(look);
      const running = runningParts(stateDir());
      if (json) printJson({ abilities: findings, running });
      else printLine(shown(findings, running, paintFor(process.stdout)));
      if (findings.some((finding) => finding.for === 'first' && !finding.there)) process.exitCode = 1;
    });
}

function look(name: (typeof abilityNames)[number]): Finding {
  const ability: Ability = abilities[name];
  const why = ability.lacks();
  const { title, get } = ability;
  return { name, title, for: ability.for, there: why === undefined, ...(why !== undefined && { why, get }) };
}

function shown(findings: Finding[], running: string[], paint: Paint): string {
  const lines = (purpose: Ability['for']) =>
    findings
      .filter((finding) => finding.for === purpose)
      .map(({ title, there, why, get }) =>
        there
          ? `  ${paint.green('✔')} ${title}`
          : `  ${paint.red('✘')} ${padded(title, 40)} ${why}; ${paint.bold(get ?? '')}`,
      );
  const sections = (Object.keys(headings) as Ability['for'][]).flatMap((purpose) => [
    headings[purpose],
    ...lines(purpose),
    '',
  ]);
  return [
    ...sections,
    running.length > 0 ? `Running here: ${running.join(', ')}` : 'Nothing runs here: `evenkeel up` starts it.',
  ].join('\n');
}
