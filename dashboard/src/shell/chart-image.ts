import { resolveColor } from "../chart/canvas-color.ts";
import { toast } from "../ui/toast.tsx";

/** Saves the first chart of the page as an image with its background color. */
export function saveChartImage(): void {
  const source = document.querySelector<HTMLCanvasElement>(".plot canvas");
  if (source === null) return toast("There is no chart on this page.", "failed");
  const canvas = document.createElement("canvas");
  canvas.width = source.width;
  canvas.height = source.height;
  const context = canvas.getContext("2d");
  if (context === null) return undefined;
  context.fillStyle = resolveColor("--surface");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, 0);
  const link = document.createElement("a");
  link.download = "lmgate.png";
  link.href = canvas.toDataURL("image/png");
  link.click();
  return undefined;
}
