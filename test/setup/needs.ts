import { abilities, type Ability, type AbilityName } from '../../src/stack/machine';

const told = new Set<string>();

/**
 * `test`, or a skipping one where this machine lacks something: `const run = needs('root', 'netns')`.
 * With CI=true, lacking what a Debian package brings is a failure: CI skips nothing that it could install.
 */
export function needs(...names: AbilityName[]): jest.It {
  const lacking = names.flatMap((name) => {
    const ability: Ability = abilities[name];
    const why = ability.lacks();
    return why === undefined ? [] : [{ name, why, ability }];
  });
  if (lacking.length === 0) return test;
  const reason = lacking.map(({ name, why, ability }) => `${name} (${why}; ${ability.get})`).join(', ');
  tell(reason);
  return process.env['CI'] === 'true' && lacking.some(({ ability }) => ability.debian) ? failing(reason) : test.skip;
}

/** `CI=true`: the test is there, and says what should have been installed. */
function failing(reason: string): jest.It {
  const fails = (name: string) =>
    test(name, () => {
      throw new Error(`needs ${reason}, and CI may not skip what can be installed`);
    });
  return Object.assign(fails, test, fails);
}

function tell(reason: string): void {
  if (told.has(reason)) return;
  told.add(reason);
  process.stderr.write(`skipped: needs ${reason}\n`);
}
