import { useState } from "react";

/** Copies a text to the clipboard when asked, and says what became of it. */
export function useCopy(text: string) {
  const [copied, setCopied] = useState<"no" | "yes" | "failed">("no");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied("yes");
    } catch {
      setCopied("failed");
    }
  };
  return { copied, copy };
}
