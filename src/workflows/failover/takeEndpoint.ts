import type { Haste, Survey } from '../../activities/endpoints';
import { changedHosts } from '../../planning/failover/facts';
import { mayAct } from '../../planning/rails';
import { begins } from '../kit/besides';
import { swift } from '../kit/proxies';
import type { Runbook } from '../kit/runbook';

/** A look that is older than this when the endpoint is granted is made again, ms. */
const staleMs = 1_000;

/** What is known of an endpoint, and the endpoint itself under lease; both at once. */
export async function takeEndpoint(
  book: Runbook,
  endpoint: string,
  { dryRun, haste = 'none' }: { dryRun: boolean; haste?: Haste },
): Promise<Survey> {
  const looking = book.look(`Look at ${endpoint}, its members, forwarders and observers`, () =>
    swift.surveyEndpoint({ endpoint, haste, begins: begins() }),
  );
  const seen = looking.then((survey) => ({ survey, atMs: Date.now() }));
  const [{ survey: first, atMs }] = await Promise.all([seen, dryRun ? undefined : book.lease([endpoint], 0)]);
  // Another run had it meanwhile: what was seen before it ended is no ground to stand on.
  const survey = book.hadToWait || Date.now() - atMs > staleMs ? await lookAgain(book, endpoint, { haste }) : first;
  book.check(() => mayAct(survey.rails, [], changedHosts(survey.facts.terms)));
  if (!dryRun && book.leaseOf(endpoint).epoch <= survey.epoch) await book.lease([endpoint], survey.epoch);
  return survey;
}

/** Another look, before a decision is made again. */
export const lookAgain = (book: Runbook, endpoint: string, { haste }: { haste: Haste }): Promise<Survey> =>
  book.look(`Look at ${endpoint} again`, () => swift.surveyEndpoint({ endpoint, haste }));
