import type { Timing } from '@baro-calendar/realtime'
import { useSession, useSource } from '../live/context'
import { rounded, Spark } from './spark'

export function Metrics() {
  const samples = useSource(useSession().meter)
  const last = samples.at(-1)
  if (!last) return null
  const { metrics } = last

  return (
    <div className="metrics" data-testid="metrics">
      <Spark
        label="Latency"
        testId="plot-latency"
        now={last.roundTripMs === undefined ? 'not known yet' : `${rounded(last.roundTripMs)} ms`}
        lines={[{ name: 'Round trip', values: samples.map(({ roundTripMs }) => roundTripMs) }]}
        least={10}
        unit="ms"
      />
      <Spark
        label="Messages a second"
        testId="plot-messages"
        now={`${rounded(last.received)} in, ${rounded(last.sent)} out`}
        lines={[
          { name: 'Received', values: samples.map(({ received }) => received) },
          { name: 'Sent', values: samples.map(({ sent }) => sent) },
        ]}
        least={10}
        unit="/s"
      />
      <Spark
        label="Queue"
        testId="plot-queue"
        now={`${last.queue} ${last.queue === 1 ? 'write' : 'writes'}`}
        lines={[{ name: 'Undecided', values: samples.map(({ queue }) => queue) }]}
        least={5}
        unit="writes"
      />
      <table className="timings">
        <caption>Durations in milliseconds</caption>
        <thead>
          <tr>
            <th scope="col">From … to</th>
            <th scope="col">p50</th>
            <th scope="col">p95</th>
            <th scope="col">p99</th>
            <th scope="col">max</th>
          </tr>
        </thead>
        <tbody>
          <TimingRow label="Write to the server’s word" timing={metrics.decisionMs} />
          <TimingRow label="Others’ change to here" timing={metrics.deliveryMs} />
          <TimingRow label="Connect" timing={metrics.connectMs} />
          <TimingRow label="Reconnect" timing={metrics.reconnectMs} />
        </tbody>
      </table>
      <dl className="figures">
        <Figure label="Received" value={bytes(metrics.bytesReceived)} />
        <Figure label="Sent" value={bytes(metrics.bytesSent)} />
        <Figure label="Connections" value={`${metrics.connects} of ${metrics.attempts}`} />
        <Figure label="Reconnects" value={metrics.reconnects} />
        <Figure label="Writes done" value={metrics.writesAcknowledged} />
        <Figure label="Writes refused" value={metrics.writesRefused} />
        <Figure label="Resumed" value={metrics.recoveries} />
        <Figure label="Taken whole" value={metrics.snapshots} />
        <Figure label="Gaps" value={metrics.gaps} />
        <Figure label="Duplicates" value={metrics.duplicates} />
      </dl>
    </div>
  )
}

function TimingRow({ label, timing }: { label: string; timing: Timing }) {
  const cells = [timing.p50, timing.p95, timing.p99, timing.max]
  return (
    <tr>
      <th scope="row">{label}</th>
      {cells.map((cell, at) => (
        <td key={at}>{timing.count === 0 ? '–' : rounded(cell)}</td>
      ))}
    </tr>
  )
}

function Figure({ label, value }: { label: string; value: string | number }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  )
}

function bytes(count: number): string {
  if (count < 1000) return `${count} B`
  return count < 1_000_000 ? `${rounded(count / 1000)} kB` : `${rounded(count / 1_000_000)} MB`
}
