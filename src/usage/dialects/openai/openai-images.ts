import type { ExtraItem, Usage } from "../../../core/usage/usage.ts";
import { COMMON, type Dialect, type PartialUsage, readCommon } from "../dialect.ts";
import { countAt, type Fields, fieldsAt, merged, textAt } from "../../json/fields.ts";
import { Each, shapeOf } from "../../json/json-shape.ts";
import { modelName } from "../safe-names.ts";
import { tokenUsage } from "./token-usage.ts";

/**
 * …/images/…: megabytes of images, followed by the tokens of models that are billed by token. Older models are billed
 * by the image, so images are counted as well. No response names its model.
 */
export const openaiImages: Dialect = {
  name: "openai.images",
  shape: shapeOf({ ...COMMON, data: new Each({}), svg_usage: "value" }),
  optionalInStreams: false,
  relevantFrame: /"(?:usage|error)"\s*:\s*(?!null|\s)|"type"\s*:\s*"(?:error|image_\w+\.completed)"/,
  read: readImages,
  hasContent: (document, event) => EVENT.test(textAt(document, "type") ?? event ?? ""),
  toUsage: usageOfImages,
};

const EVENT = /^image_(?:generation|edit)\.(partial_image|completed)$/;

function readImages(partial: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  if (fieldsAt(document, "data") !== undefined) return withImage(partial);
  const next = readCommon(partial, document);
  const svg = fieldsAt(document, "svg_usage");
  const seen = {
    ...next,
    usage: fieldsAt(document, "usage") ?? partial.usage,
    extra: svg === undefined ? next.extra : merged(next.extra, { svg }),
  };
  const isCompleted = EVENT.exec(textAt(document, "type") ?? event ?? "")?.[1] === "completed";
  return isCompleted ? { ...withImage(seen), ended: true } : seen;
}

function withImage(partial: PartialUsage): PartialUsage {
  const images = 1 + (countAt(partial.extra, "images") ?? 0);
  return { ...partial, extra: merged(partial.extra, { images }) };
}

function usageOfImages({ usage, extra }: PartialUsage): Usage | undefined {
  if (usage === undefined && extra === undefined) return undefined;
  const counters = usage === undefined ? {} : tokenUsage(usage);
  return { ...counters, images: countAt(extra, "images"), extraItems: svgItem(fieldsAt(extra, "svg")) };
}

/** Writing an SVG is billed in addition, at the price of the model that wrote it. */
function svgItem(svg: Fields | undefined): readonly ExtraItem[] | undefined {
  if (svg === undefined) return undefined;
  return [{ kind: "svg", model: modelName(textAt(svg, "model")), ...tokenUsage(svg), raw: undefined }];
}
