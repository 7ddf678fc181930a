import type { JSX, TargetedEvent } from "preact";
import { useState } from "preact/hooks";
import type { KeysImport } from "../../../src/admin/api/contract.ts";
import { useMutation } from "../data/use-mutation.ts";
import { formatQuantity } from "../format/number.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Problem } from "../ui/form.tsx";
import { Badge } from "../ui/status.tsx";
import { toast } from "../ui/toast.tsx";

/** Shows a preview first, then imports all rows or none. */
export function ImportDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const [csv, setCsv] = useState("");
  const [plan, setPlan] = useState<KeysImport | null>(null);
  const { isBusy, error, run } = useMutation<KeysImport>();
  const change = (text: string): void => {
    setCsv(text);
    setPlan(null);
  };
  const look = async (): Promise<void> => setPlan((await run("POST", "/keys/import", { csv, dryRun: true })) ?? null);
  const apply = async (): Promise<void> => {
    const done = await run("POST", "/keys/import", { csv, dryRun: false });
    if (done === undefined) return;
    if (done.dryRun) {
      setPlan(done);
      return;
    }
    toast(`${formatQuantity(done.added.length, "key")} added, ${done.changed.length} changed`);
    onClose();
  };
  const changes = plan === null ? 0 : plan.added.length + plan.changed.length;
  const isReady = plan !== null && plan.refused.length === 0 && changes > 0;
  const actions = (
    <>
      <Button onClick={onClose}>Cancel</Button>
      {isReady ? (
        <Button kind="primary" disabled={isBusy} onClick={() => void apply()}>
          {`Import ${formatQuantity(changes, "key")}`}
        </Button>
      ) : (
        <Button kind="primary" disabled={isBusy || csv.trim() === ""} onClick={() => void look()}>
          {isBusy ? "Checking…" : "Preview changes"}
        </Button>
      )}
    </>
  );
  return (
    <Dialog title="Import keys" width="wide" onClose={onClose} actions={actions}>
      <div class="form">
        <Source csv={csv} onChange={change} />
        {plan && <Plan plan={plan} />}
        <Problem error={error} />
      </div>
    </Dialog>
  );
}

interface SourceProps {
  readonly csv: string;
  readonly onChange: (csv: string) => void;
}

function Source({ csv, onChange }: SourceProps): JSX.Element {
  const read = (event: TargetedEvent<HTMLInputElement>): void => {
    const [file] = event.currentTarget.files ?? [];
    file?.text().then(onChange, () => toast("Could not read the file.", "failed"));
  };
  return (
    <>
      <p class="field-note">
        A CSV file in the format of the allow-list: a header line with <code>id</code>, <code>api_key</code>,{" "}
        <code>owner</code> and <code>added</code>, then one key per line. Other columns are kept.
      </p>
      <label class="field">
        <span>File</span>
        <input type="file" accept=".csv,text/csv" onChange={read} />
      </label>
      <label class="field">
        <span>Or paste its text</span>
        <textarea
          value={csv}
          spellcheck={false}
          placeholder={"id,api_key,owner,added\nanna-laptop,sk-…,anna,2026-11-23"}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      </label>
    </>
  );
}

function Plan({ plan }: { readonly plan: KeysImport }): JSX.Element {
  const parts = [
    { label: "new", mood: "good", names: plan.added },
    { label: "changed", mood: "warning", names: plan.changed },
    { label: "unchanged", mood: "neutral", names: plan.unchanged },
  ] as const;
  return (
    <div class="diff" role="status">
      {parts.map(({ label, mood, names }) => (
        <div key={label}>
          <span>
            <Badge mood={mood}>{`${names.length} ${label}`}</Badge>
          </span>
          <span class="names">{names.join(", ")}</span>
        </div>
      ))}
      {plan.refused.map(({ line, message }) => (
        <div key={`${line} ${message}`}>
          <span>
            <Badge mood="bad">{`line ${line}`}</Badge>
          </span>
          <span>{message}</span>
        </div>
      ))}
      {plan.refused.length > 0 && <p class="field-note">Fix these lines to import the file.</p>}
    </div>
  );
}
