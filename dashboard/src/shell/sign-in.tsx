import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ApiError, signIn } from "../data/api.ts";
import { Button } from "../ui/button.tsx";
import { Mark } from "./mark.tsx";

/** The page shown without a session. */
export function SignIn(): JSX.Element {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    setBusy(true);
    signIn(token.trim()).catch((error: unknown) => {
      setBusy(false);
      setProblem(error instanceof ApiError ? error.message : "Something went wrong. Try again.");
    });
  };
  return (
    <main class="sign-in">
      <form class="sign-in-card" onSubmit={submit}>
        <Mark size={40} />
        <h1>Sign in to LMGate</h1>
        <p class="muted">
          The admin token was printed when the gateway first started. It is also in the file set by{" "}
          <code>admin.token_path</code>, by default <code>data/admin-token</code>.
        </p>
        <label class="field">
          <span>Admin token</span>
          <input
            type="password"
            autocomplete="current-password"
            spellcheck={false}
            value={token}
            autofocus
            aria-invalid={problem !== null}
            aria-describedby="sign-in-problem"
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <p id="sign-in-problem" class="field-problem" role="alert">
          {problem}
        </p>
        <Button kind="primary" type="submit" disabled={isBusy || token.trim() === ""}>
          {isBusy ? "Signing in…" : "Sign in"}
        </Button>
      </form>
    </main>
  );
}
