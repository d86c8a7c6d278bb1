import type { Status } from './status.ts';

/** A runner's numbers in the Prometheus text format (version 0.0.4). */
export function metricsOf({ lag_ms, records_behind, shards, dead_letters, drift }: Status): string {
  const metrics: [name: string, type: 'gauge' | 'counter', help: string, value: number][] = [
    ['parley_stream_lag_seconds', 'gauge', 'Age of the oldest record that is not handled', lag_ms / 1_000],
    [
      'parley_stream_records_behind',
      'gauge',
      'Records that are not handled, as far as counted',
      records_behind,
    ],
    ['parley_stream_shards_held', 'gauge', 'Shards that this runner reads', shards.held],
    ['parley_stream_shards_open', 'gauge', 'Shards that can be read now', shards.open],
    [
      'parley_dead_letters_total',
      'counter',
      'Records that became dead letters since the start',
      dead_letters,
    ],
    ['parley_drift_samples_total', 'counter', 'Conversations recounted since the start', drift.samples],
    ['parley_drift_found_total', 'counter', 'Conversations found to differ since the start', drift.found],
    ['parley_drift_conversations', 'gauge', 'Conversations that differ from their logs now', drift.differing],
  ];
  return metrics
    .map(([name, type, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`)
    .join('');
}
