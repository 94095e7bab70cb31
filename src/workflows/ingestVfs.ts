import { workflowInfo } from '@temporalio/workflow';
import type { Input, Output, Report } from '../contract/runbooks';
import type { FileServerFacts } from '../activities/fleet';
import { ingestionEssence, ingestionSentences, planIngestion, type IngestionFacts } from '../planning/ingestion/plan';
import { anotherPass } from '../planning/ingestion/passes';
import { mayAct } from '../planning/rails';
import { Ingestion } from './ingestion/ingestion';
import { ingested } from './ingestion/report';
import { SendRate } from './ingestion/sendRate';
import { quick, slow } from './kit/proxies';
import { Runbook } from './kit/runbook';

const speech = { sentences: ingestionSentences, essence: ingestionEssence };

/** Files on an existing file server are to live on new FSVMs: copy while it is in use, then cut over in seconds. */
export async function ingestVfs(input: Input<'ingestVfs'>): Promise<Report<Output<'ingestVfs'>>> {
  const { from, to } = input;
  const rate = new SendRate(input.bandwidth);
  const book = new Runbook(`Ingest ${from} into ${to}`, input, {
    runbook: 'ingest-vfs',
    target: to,
    tune: { keys: ['bandwidth'], check: (set) => SendRate.check(set), apply: (set) => rate.set(Number(set.bandwidth)) },
  });
  return book.run(async () => {
    const fleet = await book.look(`Look at the fleet, at ${from} and at ${to}`, async () => ({
      old: await quick.describeFileServer({ name: from }),
      new: await quick.describeFileServer({ name: to }),
      ...(await quick.lookAtFleet({ targets: [from, to] })),
    }));
    const needed = [...fleet.old.fsvms, ...fleet.new.fsvms].map(({ host }) => host);
    book.check(() => mayAct(fleet.rails, fleet.hosts, needed));
    if (!input.dryRun) await book.lease([from, to], fleet.epoch);
    const look = (attempt: number) => survey(input, fleet, attempt);
    const facts = await book.look(`Count the storage items of ${from}`, () => look(1));
    let plan = book.decide(() => planIngestion(facts, input), speech);
    let looks = 1;
    plan =
      (await book.approve(`the plan to ingest ${from} into ${to}`, input.approval === 'ask', async () => {
        const again = await book.look(`Count the storage items of ${from} again`, () => look(++looks));
        return book.decide(() => planIngestion(again, input), speech);
      })) ?? plan;
    const ingestion = new Ingestion(book, input, plan, fleet.rails, rate);
    await rate.startFor(book, plan);
    do await ingestion.pass();
    while (anotherPass(ingestion.passes, input));
    await ingestion.readBack();
    await book.approve(`the cutover to ${to}: ${from} becomes read-only`, input.cutover === 'ask');
    await ingestion.freeze(fleet.old);
    await ingestion.pass('final');
    await ingestion.checkSource(fleet.old);
    await ingestion.verify();
    await ingestion.proveQuiet();
    book.pointOfNoReturn();
    await ingestion.open(facts.servedTable, fleet.new);
    const report = ingestion.report();
    await book.announce(ingested(from, to, report));
    return report;
  });
}

type FleetFacts = Awaited<ReturnType<typeof quick.lookAtFleet>> & { old: FileServerFacts; new: FileServerFacts };

/** What is there on both sides, side by side. */
async function survey(
  input: Input<'ingestVfs'>,
  fleet: FleetFacts,
  attempt: number,
): Promise<IngestionFacts & { servedTable: Record<string, string> }> {
  const { include, exclude, items, excludeItems } = input;
  const work = `${workflowInfo().workflowId}/${workflowInfo().runId.slice(-12)}`;
  const [sources, targets, table] = await Promise.all([
    Promise.all(
      fleet.old.fsvms.map(({ items: only, ...store }) =>
        slow.surveyItems({
          store,
          filters: { include, exclude },
          job: `${work}/survey-${attempt}/${store.fsvm}`,
          ...(only && { items: only }),
        }),
      ),
    ),
    Promise.all(fleet.new.fsvms.map(({ items: _, ...store }) => quick.lookAtStore({ store }))),
    quick.readTable({ fileServer: input.to, hosts: fleet.new.fsvms.map(({ host }) => host) }),
  ]);
  const wanted = (item: string) => (items.length === 0 || items.includes(item)) && !excludeItems.includes(item);
  return {
    from: input.from,
    to: input.to,
    sources: sources.map((source) => ({ ...source, items: source.items.filter(({ item }) => wanted(item)) })),
    targets: targets.map(({ facts }) => facts),
    served: Object.keys(table?.items ?? {}),
    servedTable: table?.items ?? {},
    begun: targets.flatMap(({ begun }) => begun),
    hosts: fleet.hosts,
    rails: fleet.rails,
  };
}
