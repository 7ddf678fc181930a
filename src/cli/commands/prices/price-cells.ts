import type { UnitPrice, ModelPrices } from "../../../prices/model-prices.ts";

/** The unit of each rate, as text and as the number of counted items. */
const UNITS: readonly (readonly [kind: Exclude<keyof ModelPrices, "minAudioSeconds">, text: string, per: number])[] = [
  ["input", "input, million tokens", 1e6],
  ["cacheRead", "cache read, million tokens", 1e6],
  ["cacheWrite", "cache write, million tokens", 1e6],
  ["cacheWrite1h", "cache write for an hour, million tokens", 1e6],
  ["audioIn", "audio in, million tokens", 1e6],
  ["cachedAudio", "cached audio, million tokens", 1e6],
  ["imageIn", "images in, million tokens", 1e6],
  ["cachedImage", "cached images, million tokens", 1e6],
  ["videoIn", "video in, million tokens", 1e6],
  ["output", "output, million tokens", 1e6],
  ["reasoning", "reasoning, million tokens", 1e6],
  ["audioOut", "audio out, million tokens", 1e6],
  ["imageOut", "images out, million tokens", 1e6],
  ["videoOut", "video out, million tokens", 1e6],
  ["request", "request", 1],
  ["audioSecond", "audio, minute", 60],
  ["page", "page", 1],
  ["image", "image", 1],
  ["webSearch", "web search", 1],
  ["fileSearch", "file search", 1],
];

/** The prices of a model, with their units as text. */
export function rateRows(prices: ModelPrices): readonly (readonly [what: string, usd: string])[] {
  return UNITS.flatMap(([kind, text, per]) =>
    prices[kind] === undefined ? [] : [[text, formatRate(prices[kind], per)]],
  );
}

/** `2.5`; with steps by input size `1.25; 2.5 above 200000`. */
export function formatRate(rate: UnitPrice | undefined, per: number): string {
  if (rate === undefined) return "-";
  if (typeof rate === "number") return dollars(rate * per);
  const steps = rate.steps.map(({ above, price }) => `${dollars(price * per)} above ${above}`);
  return [dollars(rate.base * per), ...steps].join("; ");
}

/** Rounds away the error of binary fractions. */
function dollars(usd: number): string {
  return String(Number(usd.toPrecision(10)));
}
