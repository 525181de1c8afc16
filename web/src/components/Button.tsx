import type { ReactElement } from "react";
import {
  Button as AriaButton,
  type ButtonProps as AriaButtonProps,
  Tooltip,
  TooltipTrigger,
} from "react-aria-components";
import { Link, type LinkProps } from "react-router";

export type Look = "normal" | "primary" | "danger" | "plain" | "plain warn";

const looks = (look: Look, extra: string) => ["button", look === "normal" ? "" : look, extra].filter(Boolean).join(" ");

interface ButtonProps extends Omit<AriaButtonProps, "className"> {
  look?: Look;
  wide?: boolean;
  busy?: boolean;
}

/** While `busy` it keeps the focus and does nothing. */
export function Button({
  look = "normal",
  wide = false,
  busy = false,
  type = "button",
  children,
  ...props
}: ButtonProps) {
  return (
    <AriaButton
      {...props}
      type={busy ? "button" : type}
      {...(busy ? { onPress: undefined } : {})}
      className={looks(look, [wide && "wide", busy && "busy"].filter(Boolean).join(" "))}
    >
      {(state) => (
        <>
          {busy && <span className="spinner" aria-hidden="true" />}
          {typeof children === "function" ? children(state) : children}
        </>
      )}
    </AriaButton>
  );
}

/** A button that shows a symbol only; its name is read out and shown on hover and focus. */
export function IconButton({
  name,
  look = "plain",
  className,
  children,
  ...props
}: Omit<AriaButtonProps, "children" | "className"> & {
  name: string;
  look?: Look;
  className?: string;
  children: ReactElement;
}) {
  return (
    <TooltipTrigger delay={500}>
      <AriaButton {...props} aria-label={name} className={className ?? looks(look, "icon")}>
        {children}
      </AriaButton>
      <Tooltip className="tooltip" offset={8}>
        {name}
      </Tooltip>
    </TooltipTrigger>
  );
}

export function ButtonLink({ look = "normal", ...props }: LinkProps & { look?: Look }) {
  return <Link {...props} className={looks(look, "")} />;
}
