import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version of this Evenkeel, from its package.json. */
export const version: string = (
  JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as { version: string }
).version;

export const versionHeader = 'x-evenkeel-version';

/** Patch releases speak to each other; any other difference is refused. */
export const speaksWith = (theirs: string): boolean => majorMinor(theirs) === majorMinor(version);

const majorMinor = (text: string): string => text.split('.').slice(0, 2).join('.');
