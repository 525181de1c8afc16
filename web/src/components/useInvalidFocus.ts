import { type RefObject, useEffect } from "react";

/**
 * Moves the focus to the first field that was refused, which also reads its error out.
 *
 * @param submitted how often the form was sent
 * @param error what the portal said about it
 */
export function useInvalidFocus(form: RefObject<HTMLElement | null>, submitted: number, error: unknown): void {
  useEffect(() => {
    if (submitted === 0 && !error) return;
    const find = (selector: string) => form.current?.querySelector<HTMLElement>(selector);
    const empty = find('input[aria-invalid="true"], [data-invalid] [data-placeholder]');
    (empty ?? find('[data-invalid] [role="spinbutton"]'))?.focus();
  }, [form, submitted, error]);
}
