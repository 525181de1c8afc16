import { Eye, EyeOff, PictureInPicture2, Stamp, UserRound, UserRoundX } from "lucide-react";
import { MenuItem } from "react-aria-components";
import { useText } from "../../i18n";
import type { CallViewing } from "./useCallViewing";

/** What the menu offers for the view. */
export function ViewItems({ viewing }: { viewing: CallViewing }) {
  const { media } = useText();
  const { pip, choices, namesHidden } = viewing;
  return (
    <>
      <MenuItem
        id="pip"
        className="list-item"
        isDisabled={pip.way === undefined}
        onAction={() => void pip.toggle()}
        textValue={pip.way ? media.pip : media.pipNone}
      >
        <PictureInPicture2 size={20} aria-hidden="true" />
        {pip.way ? (pip.open ? media.pipEnd : media.pip) : media.pipNone}
      </MenuItem>
      <MenuItem id="self" className="list-item" onAction={viewing.toggleSelfView}>
        {choices.selfView ? <UserRoundX size={20} aria-hidden="true" /> : <UserRound size={20} aria-hidden="true" />}
        {choices.selfView ? media.selfViewOff : media.selfViewOn}
      </MenuItem>
      <MenuItem id="names" className="list-item" onAction={viewing.toggleNames}>
        {namesHidden ? <Eye size={20} aria-hidden="true" /> : <EyeOff size={20} aria-hidden="true" />}
        {namesHidden ? media.namesOn : media.namesOff}
      </MenuItem>
      {viewing.mayMark && (
        <MenuItem id="watermark" className="list-item" onAction={viewing.toggleWatermark}>
          <Stamp size={20} aria-hidden="true" />
          {choices.watermark ? media.watermarkOff : media.watermarkOn}
        </MenuItem>
      )}
    </>
  );
}
