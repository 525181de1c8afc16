import { useEffect, useState } from "react";

/** What the portal's redirect says in the address under a name, which is then removed from the address bar. */
export function useTold(name: string): string | null {
  const [told] = useState(() => new URLSearchParams(location.search).get(name));
  useEffect(() => {
    if (told !== null) history.replaceState(history.state, "", location.pathname);
  }, [told]);
  return told;
}
