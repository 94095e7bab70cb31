import { forecastRows, parsePeers, provisionRows, stressRow } from '../../bench/forecast/judgements';
import { ownSeries } from '../../bench/forecast/shapes';
import { readOptions } from '../../bench/options';
import { seeded } from '../../bench/random';
import { Table } from '../../bench/table';

const window = (id: string, peer: string, mase: number, mae: number, seconds: number) => ({
  ...{ id, peer, mase, mae, seconds },
  ...{ cov80: 0.7, cov95: 0.97 },
});
const shown = ({ rows }: Table): string[] =>
  rows.map(({ case: name, metric, ours, peer, peerName, ratio, why }) =>
    [name, metric, ours, peerName, peer, ratio, why ?? ''].join(' ').trim(),
  );

test('means are taken over the windows of a series, then over the series; a peer that lacks one is left out', () => {
  const ours = [
    window('a', 'evenkeel', 1, 10, 0.1),
    window('a', 'evenkeel', 3, 30, 0.1),
    window('b', 'evenkeel', 1, 4, 0.1),
  ];
  const peers = parsePeers(`id,split,origin,peer,mase,mae,cov80,cov95,seconds
a,public,0,SeasonalNaive,4,20,0.8,0.9,0
a,public,1,SeasonalNaive,4,60,0.8,0.9,0
b,public,0,SeasonalNaive,2,4,0.8,0.9,0
a,public,0,AutoARIMA,3,40,0.8,0.9,2
b,public,0,AutoARIMA,3,16,0.8,0.9,2
a,public,0,PeerMedian,3,40,0.8,0.9,2
`);
  const table = new Table();
  forecastRows(table, ours, peers);
  expect(`\n${shown(table).join('\n')}\n`).toMatchInlineSnapshot(`
   "
   forecast/public mase 1.5 AutoARIMA 3 2
   forecast/public mae-ratio 0.7071067811865475 AutoARIMA 2 2.8284271247461903
   forecast/public mase 1.5 SeasonalNaive 3 2
   forecast/public mae-ratio 0.7071067811865475 SeasonalNaive 1 1.4142135623730951
   forecast/public cover80 0.7 nominal 0.8 0.8749999999999999
   forecast/public cover95 0.97 nominal 0.95 0.979381443298969
   forecast/public cpu 0.1 AutoARIMA 2 20
   "
  `);
});

test("the judge's table is read line by line, and nobody is held against the oracle", () => {
  const table = new Table();
  provisionRows(
    table,
    `2 series, 3 days each, decision delay 10 min, slo 1.0%, lambda 20
                        J  J med  viol%  unserv%   cost  chg/d slo-met
oracle              0.102  0.080   4.20    0.105  1.000   60.1 0/2
> evenkeel          0.400  0.380   0.50    0.100  1.300   50.0 2/2
max(HPA70,yest)     0.800  0.700   0.25    0.050  1.700  100.0 1/2
`,
    'evenkeel',
  );
  expect(`\n${shown(table).join('\n')}\n`).toMatchInlineSnapshot(`
   "
   provision/public j 0.4 max(HPA70,yest) 0.8 2
   provision/public violations 0.005 max(HPA70,yest) 0.0025 0.5
   provision/public changes 50 max(HPA70,yest) 100 2
   provision/public slo-met 1 max(HPA70,yest) 0.5 2
   "
  `);
});

test('what a judge does not say is not measured', () => {
  const table = new Table();
  provisionRows(table, 'Traceback', 'evenkeel');
  stressRow(table, 'Traceback');
  stressRow(table, 'ok   walk\n20 passed, 1 failed');
  expect(`\n${shown(table).join('\n')}\n`).toMatchInlineSnapshot(`
   "
   provision/public all  all   ours failed: the judge has no line of it
   forecast/stress all  all   ours failed: the judge counted nothing
   forecast/stress passed 20 cases 21 0.9523809523809523
   "
  `);
});

test('one seed, one set of loads, none of them negative', () => {
  const series = ownSeries(seeded(3), 1_800_000, false);
  expect(series).toEqual(ownSeries(seeded(3), 1_800_000, false));
  expect(series.every(({ values }) => values.length === 21 * 48 && values.every((value) => value >= 0))).toBe(true);
  expect(readOptions(['--data', '/srv/loads']).data).toBe('/srv/loads');
});
