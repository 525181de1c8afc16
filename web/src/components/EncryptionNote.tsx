import { ShieldCheck } from "lucide-react";

export function EncryptionNote({ children }: { children: string }) {
  return (
    <p className="encrypted-line">
      <ShieldCheck size={18} aria-hidden="true" />
      <span>{children}</span>
    </p>
  );
}
