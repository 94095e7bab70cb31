import type { FleetFile } from '../../fleet/live';
import type { PlanSpeech } from '../kit/render';

/** A plan is told with what is wrong in the fleet file: whoever reads it knows what it could not heed. */
export const cautious = <P>({ fleetWrong }: FleetFile, speech: PlanSpeech<P>): PlanSpeech<P> =>
  fleetWrong === undefined
    ? speech
    : { ...speech, sentences: (plan) => [...speech.sentences(plan), caution(fleetWrong)] };

const caution = (wrong: string): string =>
  `caution: the fleet file is wrong, and what it said before holds; whatever was written since, also a pause or a freeze, is not known: ${wrong.replaceAll('\n', '; ')}`;
