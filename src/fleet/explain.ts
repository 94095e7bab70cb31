import { z } from 'zod';
import { Fleet } from '../contract/fleet';
import { meant } from './nearest';

export type Path = readonly PropertyKey[];

/** Something wrong with a fleet file: where in the tree, and in words. `key`: it is about that key itself, not its value. */
export interface Finding {
  path: Path;
  key?: boolean;
  says: string;
}

interface Shape {
  type?: string;
  properties?: Record<string, Shape>;
  required?: string[];
  additionalProperties?: Shape | false;
  items?: Shape;
  description?: string;
  anyOf?: Shape[];
  oneOf?: Shape[];
}

/** A finding of zod in the words of somebody who looks at the file. */
export function explain(issue: z.core.$ZodIssue, value: unknown): Finding[] {
  const { path } = issue;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownField(path, key));
    case 'invalid_key':
      return [{ path, key: true, says: `"${String(path.at(-1))}" is no good name: ${issue.issues[0]?.message ?? ''}` }];
    case 'invalid_type':
      return [{ path, says: wrongType(path, issue.expected, value) }];
    case 'invalid_union':
      return [{ path, says: noneOf(path, issue, value) }];
    case 'invalid_format':
      return [{ path, says: `expected ${format(issue)}, found ${shown(value)}${hint(path)}` }];
    case 'too_small':
      return [{ path, says: `expected at least ${issue.minimum}, found ${shown(value)}${hint(path)}` }];
    case 'too_big':
      return [{ path, says: `expected at most ${issue.maximum}, found ${shown(value)}${hint(path)}` }];
    case 'invalid_value':
    case 'invalid_element':
    case 'not_multiple_of':
    case 'custom':
      break;
  }
  return [{ path, says: `${issue.message}, found ${shown(value)}` }];
}

function unknownField(path: Path, key: string): Finding {
  const known = Object.keys(shapeAt(path)?.properties ?? {});
  return { path: [...path, key], key: true, says: `unknown field${meant(key, known)} (known: ${known.join(', ')})` };
}

function wrongType(path: Path, expected: string, value: unknown): string {
  const words: Record<string, string> = {
    object: 'fields',
    record: 'names with fields',
    array: 'a list',
    int: 'a whole number',
  };
  const wanted = words[expected] ?? `a ${expected}`;
  return value === undefined
    ? `is missing: expected ${wanted}${hint(path)}`
    : `expected ${wanted}, found ${shown(value)}${hint(path)}`;
}

function noneOf(path: Path, issue: z.core.$ZodIssueInvalidUnion, value: unknown): string {
  const { options } = issue as { options?: string[] };
  if (!options) return `expected one of its forms, found ${shown(value)}${hint(path)}`;
  const wanted = `expected ${options.join(', ')}`;
  return value === undefined
    ? `is missing: ${wanted}`
    : `${wanted}, found ${shown(value)}${meant(shown(value), options)}`;
}

function format(issue: z.core.$ZodIssueInvalidStringFormat): string {
  if (issue.format === 'url') return 'an address such as https://host:7411';
  if (issue.format === 'starts_with') return 'an absolute path';
  return issue.message;
}

const shown = (value: unknown): string => (value === null ? 'nothing' : JSON.stringify(value));

function hint(path: Path): string {
  const description = shapeAt(path)?.description;
  return description ? ` (${description})` : '';
}

let shape: Shape | undefined;

/** The part of the contract that describes a place in the file. */
function shapeAt(path: Path): Shape | undefined {
  shape ??= z.toJSONSchema(Fleet, { io: 'input' }) as Shape;
  return path.reduce<Shape | undefined>((at, step) => {
    if (typeof step === 'number') return at?.items;
    const properties =
      at?.properties ?? (at?.oneOf ?? at?.anyOf)?.find((one) => one.properties?.[String(step)])?.properties;
    return properties?.[String(step)] ?? (at?.additionalProperties || undefined);
  }, shape);
}
