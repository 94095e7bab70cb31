import { jobStates } from '../contract/operations';
import type { Jobs } from './jobs';
import { version } from './version';

/** Figures of an agent in Prometheus' text form. */
export class Metrics {
  private readonly requests = new Map<string, number>();

  count(operation: string, status: number): void {
    const labels = `operation="${operation}",code="${status}"`;
    this.requests.set(labels, (this.requests.get(labels) ?? 0) + 1);
  }

  text(host: string, jobs: Jobs, more: readonly string[] = []): string {
    const counts = jobs.counts();
    const { user, system } = process.cpuUsage();
    return [
      ...family('evenkeel_agent_info', 'gauge', 'The agent and its version', [
        [`host="${host}",version="${version}"`, 1],
      ]),
      ...family(
        'evenkeel_agent_jobs',
        'gauge',
        'Jobs in the journal',
        jobStates.map((state) => [`state="${state}"`, counts[state]]),
      ),
      ...family('evenkeel_agent_requests_total', 'counter', 'Answered requests', [...this.requests]),
      ...family('process_resident_memory_bytes', 'gauge', 'Resident memory', [['', process.memoryUsage.rss()]]),
      ...family('process_cpu_seconds_total', 'counter', 'CPU time', [['', (user + system) / 1e6]]),
      ...family('process_start_time_seconds', 'gauge', 'Start, seconds since 1970', [
        ['', Math.round(Date.now() / 1000 - process.uptime())],
      ]),
      ...more,
      '',
    ].join('\n');
  }
}

/** One figure with its samples, as Prometheus reads it. */
export function family(name: string, type: string, help: string, samples: [labels: string, value: number][]): string[] {
  const lines = samples.map(([labels, value]) => `${name}${labels && `{${labels}}`} ${value}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines];
}
