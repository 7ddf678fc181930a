// Runs the simulated providers in a separate process, which reports finished requests to its parent.
import { startSimulator } from "../../simulator/simulator.ts";

const REPORT_MS = 250;

const simulator = await startSimulator();
process.send?.({ port: simulator.port });

const timer = setInterval(() => {
  const ended = simulator.requests().filter((request) => request.ending !== "running");
  if (ended.length === 0) return;
  simulator.clear();
  process.send?.({ ended });
}, REPORT_MS);

process.once("disconnect", () => {
  clearInterval(timer);
  void simulator.close();
});
