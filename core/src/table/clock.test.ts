import { describe, expect, it } from '@jest/globals';
import { createClock } from './clock.ts';

const minute = 60_000;
const epochMs = Date.parse('2026-11-21T10:00:00.000Z');

/** A machine whose clock can be set, its monotonic clock, and a server with the correct time. */
function createMachine() {
  let [steadyMs, setMs] = [5_000, 0];
  const localNow = () => epochMs + steadyMs + setMs;
  const clock = createClock(localNow, () => steadyMs);
  return {
    clock,
    pass: (ms: number) => {
      steadyMs += ms;
    },
    set: (byMs: number) => {
      setMs += byMs;
    },
    errorMs: () => clock.now() - (epochMs + steadyMs),
    /** A request that the server answers with the correct time, cut to the second. */
    ask(tookMs = 10, whileAway = () => {}) {
      const sentAtMs = localNow();
      steadyMs += tookMs;
      whileAway();
      clock.observe(Math.floor((epochMs + steadyMs) / 1_000) * 1_000, sentAtMs, localNow());
    },
  };
}

describe("a node's clock", () => {
  it('continues as before when the machine is set to another time, before and after the table answers', () => {
    for (const byMs of [8 * minute, -8 * minute]) {
      const machine = createMachine();
      machine.set(byMs);
      expect(machine.errorMs()).toBe(0);
      machine.pass(3_000);
      machine.ask();
      expect(Math.abs(machine.errorMs())).toBeLessThan(2_000);
      machine.set(-byMs);
      expect(Math.abs(machine.errorMs())).toBeLessThan(2_000);
      machine.ask();
      expect(Math.abs(machine.errorMs())).toBeLessThan(2_000);
    }
  });

  it('is corrected by the table if it was wrong from the start, and follows when the machine is corrected', () => {
    const machine = createMachine();
    const { clock } = machine;
    clock.observe(epochMs + 5_000 - 10 * minute, epochMs + 5_000, epochMs + 5_010);
    expect(Math.abs(machine.errorMs() + 10 * minute)).toBeLessThan(2_000);
    machine.ask();
    expect(machine.errorMs()).toBe(0);
  });

  it('ignores a request during which the machine was set', () => {
    for (const byMs of [minute, -minute]) {
      const machine = createMachine();
      machine.ask(10, () => machine.set(byMs));
      expect(machine.errorMs()).toBe(0);
    }
  });

  it('ignores a slow answer, and one without a time', () => {
    const machine = createMachine();
    machine.clock.observe(epochMs - minute, epochMs, epochMs + 5_000);
    machine.clock.observe(Number.NaN, epochMs, epochMs);
    expect(machine.errorMs()).toBe(0);
  });
});
