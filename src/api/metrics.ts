import { family } from '../agent/metrics';
import { version } from '../agent/version';
import type { Board } from './board';

/** Figures of the API, of the runs that go on and of the fleet, in Prometheus' text form. */
export class ApiMetrics {
  private readonly requests = new Map<string, number>();

  count(operation: string, status: number): void {
    const labels = `operation="${operation}",code="${status}"`;
    this.requests.set(labels, (this.requests.get(labels) ?? 0) + 1);
  }

  async text(board: Board): Promise<string> {
    const { running, fleet } = await board.look();
    const runs = new Map<string, number>();
    for (const { runbook, phase } of running) {
      const labels = `runbook="${runbook}",phase="${phase}"`;
      runs.set(labels, (runs.get(labels) ?? 0) + 1);
    }
    const agents = (fleet?.hosts ?? []).map(({ host, answers }): [string, number] => [
      `host="${host}"`,
      Number(answers),
    ]);
    const { user, system } = process.cpuUsage();
    return [
      ...family('evenkeel_api_info', 'gauge', 'The API and its version', [[`version="${version}"`, 1]]),
      ...family('evenkeel_runs', 'gauge', 'Runs that go on', [...runs]),
      ...family('evenkeel_agent_up', 'gauge', 'Does the agent of a host answer', agents),
      ...family('evenkeel_api_requests_total', 'counter', 'Answered requests', [...this.requests]),
      ...family('process_resident_memory_bytes', 'gauge', 'Resident memory', [['', process.memoryUsage.rss()]]),
      ...family('process_cpu_seconds_total', 'counter', 'CPU time', [['', (user + system) / 1e6]]),
      '',
    ].join('\n');
  }
}
