/** How far the attempts of one job came so far. It travels from one to the next in their heartbeats. */
export interface Advance {
  /** The furthest that any attempt reached. */
  done: number;
  files: number;
  /** Attempts in a row, the present one included, that got no further. */
  fruitless: number;
}

export const noAdvance: Advance = { done: 0, files: 0, fruitless: 0 };

/** Attempts without any advance after which somebody is asked. One that advances begins the count anew, so days over a bad link are no reason to give up. */
export const mostFruitless = 120;

/** What may be on its way and not yet acknowledged: every connection of a job carries a few batches of 1 MiB. A full disk takes that much each time. */
const mostOnItsWay = 128 * 1024 ** 2;

export const anotherAttempt = (before: Advance = noAdvance): Advance => ({
  ...before,
  fruitless: before.fruitless + 1,
});

/**
 * The advance after a look at the running attempt. Work that starts over has advanced when it came further than ever
 * before. Work that keeps what it did counts its bytes anew each time: it has when more arrived than may be on its way.
 */
export function afterLook(before: Advance, now: { done: number; doneFiles: number }, keeps: boolean): Advance {
  const further = now.doneFiles > before.files || (keeps ? now.done > mostOnItsWay : now.done > before.done);
  return {
    done: Math.max(before.done, now.done),
    files: Math.max(before.files, now.doneFiles),
    fruitless: further ? 0 : before.fruitless,
  };
}
