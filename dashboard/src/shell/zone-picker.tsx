import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { setParams, type Scope } from "../data/url-state.ts";
import { browserZone, zoneOffset } from "../format/moment.ts";
import { Choice, Popover } from "../ui/popover.tsx";

const SHOWN = 40;

/** The time zone of days and times. */
export function ZonePicker({ scope }: { readonly scope: Scope }): JSX.Element {
  const offset = zoneOffset(scope.tz, Date.now());
  return (
    <Popover label={`Time zone: ${scope.tz}`} text={offset} class="zone" align="end">
      {(close) => <ZoneMenu scope={scope} close={close} />}
    </Popover>
  );
}

function ZoneMenu({ scope, close }: { readonly scope: Scope; readonly close: () => void }): JSX.Element {
  const [search, setSearch] = useState("");
  const own = browserZone();
  const wanted = search.trim().toLowerCase().replaceAll(" ", "_");
  const named = Intl.supportedValuesOf("timeZone").filter((tz) => tz.toLowerCase().includes(wanted));
  const choose = (tz: string): void => {
    setParams({ tz: tz === own ? null : tz });
    close();
  };
  const line = (tz: string, label: string): JSX.Element => (
    <Choice key={label} isChosen={scope.tz === tz} hint={zoneOffset(tz, Date.now())} onChoose={() => choose(tz)}>
      {label}
    </Choice>
  );
  return (
    <div class="menu">
      <input
        class="menu-search"
        type="search"
        aria-label="Search time zones"
        placeholder="Search time zones"
        value={search}
        autofocus
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      <div class="menu-list">
        {wanted === "" && line(own, `Browser time zone: ${own.replaceAll("_", " ")}`)}
        {"utc".includes(wanted) && line("UTC", "UTC")}
        {named.slice(0, SHOWN).map((tz) => line(tz, tz.replaceAll("_", " ")))}
        {named.length > SHOWN && <p class="menu-note">{named.length - SHOWN} more. Type to search.</p>}
        {named.length === 0 && <p class="menu-note">No matching time zones</p>}
      </div>
    </div>
  );
}
