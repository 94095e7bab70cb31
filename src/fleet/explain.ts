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
  const?: unknown;
  /** Its value is never shown. */
  secret?: true;
}

/** A finding of zod in the words of somebody who looks at the file. */
export function explain(issue: z.core.$ZodIssue, content: unknown): Finding[] {
  const { path } = issue;
  const place: Place = { path, value: valueAt(content, path), shape: shapeAt(path, content) };
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownField(place, key));
    case 'invalid_key':
      return [{ path, key: true, says: `"${String(path.at(-1))}" is no good name: ${issue.issues[0]?.message ?? ''}` }];
    case 'invalid_type':
      return [{ path, says: wrongType(place, issue.expected) }];
    case 'invalid_union':
      return [{ path, says: noneOf(place, issue) }];
    case 'invalid_format':
      return [{ path, says: `expected ${format(issue)}, found ${shown(place)}${hint(place)}` }];
    case 'too_small':
      return [{ path, says: `expected at least ${issue.minimum}, found ${shown(place)}${hint(place)}` }];
    case 'too_big':
      return [{ path, says: `expected at most ${issue.maximum}, found ${shown(place)}${hint(place)}` }];
    case 'invalid_value':
      return [{ path, says: oneOf(place, issue.values.map(String)) }];
    case 'invalid_element':
    case 'not_multiple_of':
    case 'custom':
      break;
  }
  return [{ path, says: `${issue.message}, found ${shown(place)}` }];
}

/** Where something is wrong: what stands there, and what the contract says of it. */
interface Place {
  path: Path;
  value: unknown;
  shape: Shape | undefined;
}

function unknownField({ path, shape }: Place, key: string): Finding {
  const known = Object.keys(shape?.properties ?? {});
  return { path: [...path, key], key: true, says: `unknown field${meant(key, known)} (known: ${known.join(', ')})` };
}

function wrongType(place: Place, expected: string): string {
  const words: Record<string, string> = {
    object: 'fields',
    record: 'names with fields',
    array: 'a list',
    int: 'a whole number',
  };
  const wanted = words[expected] ?? `a ${expected}`;
  return place.value === undefined
    ? `is missing: expected ${wanted}${hint(place)}`
    : `expected ${wanted}, found ${shown(place)}${hint(place)}`;
}

function noneOf(place: Place, issue: z.core.$ZodIssueInvalidUnion): string {
  const { options } = issue as { options?: string[] };
  if (options) return oneOf(place, options);
  return place.value === undefined
    ? `is missing${hint(place)}`
    : `expected one of its forms, found ${shown(place)}${hint(place)}`;
}

const oneOf = (place: Place, options: string[]): string =>
  place.value === undefined
    ? `is missing: expected ${options.join(', ')}`
    : `expected ${options.join(', ')}, found ${shown(place)}${meant(typeof place.value === 'string' ? place.value : '', options)}`;

function format(issue: z.core.$ZodIssueInvalidStringFormat): string {
  if (issue.format === 'url') return 'an address such as https://host:7411';
  if (issue.format === 'starts_with') return 'an absolute path';
  return issue.message;
}

/** A password that came into an address, or stands where its file should be named, is not told to a terminal. */
function shown({ value, shape }: Place): string {
  if (shape?.secret) return 'something else';
  if (value === null) return 'nothing';
  return JSON.stringify(value).replaceAll(/(\/\/[^:/@\s]*:)[^@\s]*(?=@)|(password=)[^&"]*/gi, '$1$2…');
}

const hint = ({ shape }: Place): string => (shape?.description ? ` (${shape.description})` : '');

let whole: Shape | undefined;

/** The part of the contract that describes a place in the file; of several forms the one that the file chose. */
function shapeAt(path: Path, content: unknown): Shape | undefined {
  whole ??= z.toJSONSchema(Fleet, { io: 'input' }) as Shape;
  return path.reduce<Shape | undefined>(
    (at, step, depth) => {
      if (typeof step === 'number') return at?.items;
      const below = at?.properties?.[String(step)] ?? (at?.additionalProperties || undefined);
      return below && chosen(below, valueAt(content, path.slice(0, depth + 1)));
    },
    chosen(whole, content),
  );
}

/** `{ by: exec, … }` is the form whose `by` is `exec`. */
function chosen(shape: Shape, value: unknown): Shape {
  const fits = ({ properties = {} }: Shape) =>
    Object.entries(properties).some(
      ([name, { const: word }]) => word !== undefined && (value as Record<string, unknown> | null)?.[name] === word,
    );
  return shape.oneOf?.find(fits) ?? shape;
}

function valueAt(content: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, step) => (at as Record<PropertyKey, unknown> | null | undefined)?.[step], content);
}
