import { useLayoutEffect, useRef } from "preact/hooks";

/**
 * Puts something beside a point of the chart: on the side where there is more room, and never beyond the chart, which on a
 * phone is hardly wider.
 */
export function useBeside(left: number, gap: number): { readonly current: HTMLDivElement | null } {
  const element = useRef<HTMLDivElement>(null);
  // After every drawing: what stands in it decides how wide it is.
  useLayoutEffect(() => {
    const shown = element.current;
    const room = shown?.parentElement?.clientWidth ?? 0;
    if (shown === null || room === 0) return;
    const width = shown.offsetWidth;
    const beside = left > room / 2 ? left - gap - width : left + gap;
    shown.style.left = `${Math.max(0, Math.min(beside, room - width))}px`;
  });
  return element;
}
