import { readFileSync } from 'node:fs';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { z } from 'zod';
import { formatBytes, parseBytes } from '../contract/amounts';
import { Refusal } from '../contract/errors';
import { kebab, runbooks, type RunbookName } from '../contract/runbooks';
import { nearest } from '../fleet/nearest';

/** A field of an input as JSON Schema tells it; `unit` is ours: bytes or bytes/s. */
export interface Field {
  type?: 'boolean' | 'number' | 'integer' | 'string' | 'array';
  description?: string;
  default?: unknown;
  enum?: string[];
  unit?: string;
  items?: Field;
}

/** The fields of a runbook's input, in the order of the contract but the ones that every runbook has last. */
export function fieldsOf(name: RunbookName): { fields: [string, Field][]; required: string[] } {
  const schema = z.toJSONSchema(runbooks[name].input, { io: 'input' }) as {
    properties: Record<string, Field>;
    required?: string[];
  };
  const required = schema.required ?? [];
  const rank = ([key]: [string, Field]) => (required.includes(key) ? 0 : attendance.includes(key) ? 2 : 1);
  const fields = Object.entries(schema.properties).toSorted((a, b) => rank(a) - rank(b));
  return { fields, required };
}

const attendance = ['dryRun', 'approval', 'onFailure', 'ticket'];

/** One flag a field. A field that is true by default gets a `--no-` flag; a list may be given several times. */
export function flagOf(key: string, field: Field, required = false): Option {
  const flag = `--${kebab(key)}`;
  const says = described(field);
  if (field.type === 'boolean')
    return field.default === true ? new Option(`--no-${kebab(key)}`, `do not ${says}`) : new Option(flag, says);
  const option = new Option(`${flag} <${placeholder(field)}>`, says);
  const { enum: choices } = field;
  if (choices) option.argParser((value: string) => chosen(value, choices));
  else if (field.type === 'array')
    option.argParser((value: string, before?: unknown[]) => [...(before ?? []), parsed(value, field.items ?? {})]);
  else option.argParser((value: string) => parsed(value, field));
  return option.makeOptionMandatory(required);
}

/** The input that the flags of a command make, over what `--input` read. Only what was given: the contract knows the defaults. */
export function inputOf(command: Command, name: RunbookName): Record<string, unknown> {
  const options = command.opts<Record<string, unknown>>();
  const { fields } = fieldsOf(name);
  const given = fields
    .filter(([key]) => command.getOptionValueSource(key) === 'cli')
    .map(([key]) => [key, options[key]]);
  const file = options['input'];
  return { ...(typeof file === 'string' && readInput(file)), ...Object.fromEntries(given) };
}

function readInput(path: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(path === '-' ? 0 : path, 'utf8')) as Record<string, unknown>;
  } catch (error) {
    throw new Refusal(
      'NoSuchFile',
      { path, why: error instanceof Error ? error.message : String(error) },
      { cause: error },
    );
  }
}

function parsed(value: string, field: Field): unknown {
  if (field.type !== 'number' && field.type !== 'integer') return value;
  const number = field.unit?.startsWith('bytes') ? parseBytes(value) : Number(value);
  if (number === undefined || !Number.isFinite(number))
    throw new InvalidArgumentError(field.unit ? 'Give a size such as 50MiB, 64MB or 1e9.' : 'Give a number.');
  return number;
}

function chosen(value: string, choices: readonly string[]): string {
  if (choices.includes(value)) return value;
  const near = nearest(value, choices);
  throw new InvalidArgumentError(near === undefined ? `Give ${choices.join(' or ')}.` : `(Did you mean ${near}?)`);
}

function placeholder({ type, items, unit, enum: choices }: Field): string {
  if (choices) return choices.join('|');
  if (unit) return unit === 'bytes/s' ? 'rate' : 'size';
  if (type === 'array') return placeholder(items ?? {});
  return type === 'string' ? 'text' : 'number';
}

function described(field: Field): string {
  const shown = field.type === 'array' ? 'may be given several times' : defaultOf(field);
  return [field.description ?? '', shown && `(${shown})`].filter(Boolean).join(' ');
}

function defaultOf({ type, default: value, unit }: Field): string {
  if (value === undefined || value === '' || type === 'boolean') return '';
  return `default: ${typeof value === 'number' && unit && value > 0 ? formatBytes(value) : JSON.stringify(value).replaceAll('"', '')}`;
}
