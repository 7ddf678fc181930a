// The simulated providers in a process of their own, which tells its parent what it has answered.
import { startSimulator } from "../../simulator/simulator.ts";

const TELL_MS = 250;

const simulator = await startSimulator();
process.send?.({ port: simulator.port });

const tell = setInterval(() => {
  const ended = simulator.calls().filter((call) => call.ending !== "running");
  if (ended.length === 0) return;
  simulator.clear();
  process.send?.({ ended });
}, TELL_MS);

process.once("disconnect", () => {
  clearInterval(tell);
  void simulator.close();
});
