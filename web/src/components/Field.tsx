import { Check, ChevronDown } from "lucide-react";
import {
  Button,
  FieldError,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  Select,
  SelectValue,
  Text,
  TextField,
  type TextFieldProps,
} from "react-aria-components";

interface FieldProps extends Omit<TextFieldProps, "className" | "children"> {
  label: string;
  hint?: string;
  error?: string | undefined;
  inputClass?: string;
}

export function Field({ label, hint, error, inputClass = "", ...props }: FieldProps) {
  return (
    <TextField {...props} isInvalid={error !== undefined} className="field">
      <Label className="field-label">{label}</Label>
      <Input className={`field-input ${inputClass}`} />
      {hint && (
        <Text slot="description" className="field-hint">
          {hint}
        </Text>
      )}
      <FieldError className="field-error">{error}</FieldError>
    </TextField>
  );
}

export interface Choice {
  id: string;
  label: string;
}

export function SelectField({
  label,
  choices,
  value,
  onChange,
  isDisabled = false,
}: {
  label: string;
  choices: readonly Choice[];
  value: string | null;
  onChange: (id: string) => void;
  isDisabled?: boolean;
}) {
  return (
    <Select
      className="field"
      value={value}
      onChange={(key) => key !== null && onChange(String(key))}
      isDisabled={isDisabled || choices.length === 0}
    >
      <Label className="field-label">{label}</Label>
      <Button className="select-button">
        <SelectValue className="select-value" />
        <ChevronDown size={18} aria-hidden="true" />
      </Button>
      <Popover className="popover">
        <ListBox className="list-box" items={choices}>
          {(choice) => (
            <ListBoxItem className="list-item" id={choice.id} textValue={choice.label}>
              {choice.label}
              <Check className="check" size={18} aria-hidden="true" />
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </Select>
  );
}
