import { useLayoutEffect, useRef } from "preact/hooks";

/**
 * Places an element beside a point of the chart, on the side with more room and within the chart, which on a
 * phone is hardly wider.
 */
export function usePlacement(left: number, gap: number): { readonly current: HTMLDivElement | null } {
  const element = useRef<HTMLDivElement>(null);
  // Runs after every render, because the content decides the width.
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
