import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { PriceOverride, PriceRow } from "../../../src/admin/api/contract.ts";
import { useMutation } from "../data/use-mutation.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Field, Problem } from "../ui/form.tsx";
import { toast } from "../ui/toast.tsx";

/** The model whose price is set, and its current price, if any. */
export interface PriceTask {
  readonly provider: string;
  readonly model: string;
  readonly row?: PriceRow | undefined;
}

interface PriceDialogProps {
  readonly task: PriceTask;
  readonly onClose: () => void;
}

const FORM = "set-price";
const text = (value: number | null | undefined): string => (value === null || value === undefined ? "" : String(value));

/** Sets the operator's price, which replaces the list price for later requests. */
export function PriceDialog({ task, onClose }: PriceDialogProps): JSX.Element {
  const { provider, model, row } = task;
  const [input, setInput] = useState(text(row?.input));
  const [output, setOutput] = useState(text(row?.output));
  const [cacheRead, setCacheRead] = useState(text(row?.cacheRead));
  const [cacheWrite, setCacheWrite] = useState(text(row?.cacheWrite));
  const { isBusy, error, run } = useMutation<readonly PriceRow[]>();
  const path = `/prices/overrides/${encodeURIComponent(provider)}/${encodeURIComponent(model)}`;
  const price = overrideOf({ input, output, cacheRead, cacheWrite });
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (price === undefined || isBusy || (await run("PUT", path, price)) === undefined) return;
    toast(`Price saved for ${model}`);
    onClose();
  };
  const restore = async (): Promise<void> => {
    if ((await run("DELETE", path)) === undefined) return;
    toast(`${model} uses the list price again`);
    onClose();
  };
  const actions = (
    <>
      {row?.source === "override" && (
        <Button kind="danger" class="start" disabled={isBusy} onClick={() => void restore()}>
          Use list price
        </Button>
      )}
      <Button onClick={onClose}>Cancel</Button>
      <button type="submit" form={FORM} class="button primary medium" disabled={price === undefined || isBusy}>
        {isBusy ? "Saving…" : "Save"}
      </button>
    </>
  );
  return (
    <Dialog title={`Price of ${model}`} onClose={onClose} actions={actions}>
      <form class="form" id={FORM} onSubmit={(event) => void save(event)}>
        <p class="field-note">
          Price at {provider}, in US dollars per 1M tokens. Applies to new requests; recorded requests keep their cost.
        </p>
        <div class="form-row">
          <Field label="Input" type="number" value={input} onInput={setInput} required autofocus />
          <Field label="Output" type="number" value={output} onInput={setOutput} required />
        </div>
        <div class="form-row">
          <CachePrice label="Cached input" value={cacheRead} onInput={setCacheRead} />
          <CachePrice label="Cache write" value={cacheWrite} onInput={setCacheWrite} />
        </div>
        <Problem error={error} />
      </form>
    </Dialog>
  );
}

interface CachePriceProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
}

/** An optional price; without it, cached tokens cost what input costs. */
const CachePrice = (props: CachePriceProps): JSX.Element => (
  <Field {...props} type="number" placeholder="Same as input" />
);

function overrideOf(filled: Readonly<Record<keyof PriceOverride, string>>): PriceOverride | undefined {
  const number = (value: string): number | undefined => (value.trim() === "" ? undefined : Number(value));
  const input = number(filled.input);
  const output = number(filled.output);
  const cacheRead = number(filled.cacheRead);
  const cacheWrite = number(filled.cacheWrite);
  const all = [input, output, cacheRead, cacheWrite];
  if (input === undefined || output === undefined || all.some((one) => one !== undefined && !(one >= 0)))
    return undefined;
  return {
    input,
    output,
    ...(cacheRead === undefined ? {} : { cacheRead }),
    ...(cacheWrite === undefined ? {} : { cacheWrite }),
  };
}
