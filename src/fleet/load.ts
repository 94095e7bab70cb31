import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { Refusal } from '../contract/errors';
import { Fleet } from '../contract/fleet';
import { stateDir } from '../stack/places';
import { crossCheck } from './crossCheck';
import { explain, type Finding, type Path } from './explain';

/** Something to mend in a fleet file. `at` is `file:line:column`. */
export interface Problem {
  at: string;
  field: string;
  says: string;
}

export interface FleetReading {
  file: string;
  /** Undefined when there are errors. */
  fleet?: Fleet;
  errors: Problem[];
  warnings: Problem[];
}

export interface LoadedFleet {
  file: string;
  fleet: Fleet;
  warnings: Problem[];
}

/** The fleet file in use, or a refusal that names every error with its place. */
export function loadFleet(given?: string): LoadedFleet {
  const { file, fleet, errors, warnings } = readFleet(findFleetFile(given));
  if (!fleet) throw new Refusal('BadFleet', { file: shortened(file), problems: errors.map(sentence).join('\n') });
  return { file, fleet, warnings };
}

/** --fleet, EVENKEEL_FLEET, ./fleet.yaml, then the one that `evenkeel up` made for its embedded stack. */
export function findFleetFile(given?: string, env: NodeJS.ProcessEnv = process.env): string {
  const named = given ?? env['EVENKEEL_FLEET'];
  if (named) {
    if (!existsSync(named)) throw new Refusal('NoFleetFile', { looked: named });
    return resolve(named);
  }
  const places = ['fleet.yaml', join(stateDir(env), 'fleet.yaml')];
  const found = places.find((place) => existsSync(place));
  if (!found) throw new Refusal('NoFleetFile', { looked: `looked for ${places.map(shortened).join(' and ')}` });
  return resolve(found);
}

/** Reads and checks; says all that is wrong at once, in the order of the file. */
export function readFleet(file: string): FleetReading {
  const counter = new LineCounter();
  const document = parseDocument(readFileSync(file, 'utf8'), { lineCounter: counter });
  const place = (offset: number, field: string, says: string) => {
    const { line, col } = counter.linePos(offset);
    return { at: `${shortened(file)}:${line}:${col}`, field, says, offset };
  };
  const located = (findings: Finding[]): Problem[] =>
    findings
      .map(({ path, key, says }) => place(offsetOf(document, path, key), path.map(String).join('.'), says))
      .sort((a, b) => a.offset - b.offset)
      .map(({ at, field, says }) => ({ at, field, says }));
  if (document.errors.length > 0) {
    const errors = document.errors.map(({ pos, message }) => place(pos[0], '', withoutPlace(message)));
    return { file, errors: errors.map(({ at, field, says }) => ({ at, field, says })), warnings: [] };
  }
  const content: unknown = document.toJS();
  const read = Fleet.safeParse(content);
  if (!read.success) {
    const findings = read.error.issues.flatMap((issue) => explain(issue, content));
    return { file, errors: located(findings), warnings: [] };
  }
  const { errors, warnings } = crossCheck(read.data);
  const fleet = errors.length === 0 ? { fleet: resolved(read.data, dirname(file)) } : {};
  return { file, ...fleet, errors: located(errors), warnings: located(warnings) };
}

/** The parser's words, without the excerpt and the place that it puts behind them. */
const withoutPlace = (message: string): string =>
  (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');

export const sentence = ({ at, field, says }: Problem): string => `${at}: ${field ? `${field}: ` : ''}${says}`;

const shortened = (file: string): string => {
  const short = relative(process.cwd(), file);
  return short.startsWith('..') ? file : short;
};

/** Certificates are named from where the file lies, not from where somebody stands. */
function resolved(fleet: Fleet, folder: string): Fleet {
  if (!fleet.tls) return fleet;
  const { ca, cert, key } = fleet.tls;
  return { ...fleet, tls: { ca: resolve(folder, ca), cert: resolve(folder, cert), key: resolve(folder, key) } };
}

/** Where a value, its key, or the nearest thing around it that exists begins in the text. */
function offsetOf(document: Document.Parsed, path: Path, key = false): number {
  for (let depth = path.length; depth > 0; depth--) {
    const name = path[depth - 1];
    const around = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    if (!isMap(around)) {
      const node = document.getIn(path.slice(0, depth), true);
      if (isNode(node) && node.range) return node.range[0];
      continue;
    }
    const pair = around.items.find((each) => isScalar(each.key) && String(each.key.value) === String(name));
    const atKey = key || depth < path.length || !isNode(pair?.value);
    const node = atKey ? pair?.key : pair.value;
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}
