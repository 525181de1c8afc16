import { type RefObject, useEffect } from "react";

/** Moves the focus to the first field that was refused, which also reads its error out; again with each `attempt`. */
export function useInvalidFocus(form: RefObject<HTMLElement | null>, attempt: unknown): void {
  useEffect(() => {
    if (!attempt) return;
    const field = form.current?.querySelector<HTMLElement>(
      'input[aria-invalid="true"], [data-invalid] [role="spinbutton"], [aria-invalid="true"]',
    );
    field?.focus();
  }, [form, attempt]);
}
