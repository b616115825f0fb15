// 复制链接的按钮: 成败都写在按钮上, 两秒后复原
import { mediaTexts } from '../../i18n/media.js';
import { copyText } from '../kit/copy-text.js';
import { icon, iconButton } from '../kit/dom.js';
import { ICONS } from '../kit/icons.js';

const FEEDBACK_MS = 2000;

/** url 是绝对链接: 贴到别处也打得开 */
export function copyLinkButton(url: string, name: string, className = ''): HTMLButtonElement {
  const texts = mediaTexts();
  const label = texts.copyLink(name);
  const button = iconButton(ICONS.link, label, className);
  button.title = texts.copyLinkShort;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const show = (path: string, accessibleName: string, title: string): void => {
    button.replaceChildren(icon(path));
    button.setAttribute('aria-label', accessibleName);
    button.title = title;
  };
  button.addEventListener('click', async () => {
    const copied = await copyText(url);
    const outcome = copied ? texts.copied : texts.copyFailed;
    show(copied ? ICONS.check : ICONS.alert, outcome, outcome);
    // 连点只留最后一个定时器
    clearTimeout(timer);
    timer = setTimeout(() => show(ICONS.link, label, texts.copyLinkShort), FEEDBACK_MS);
  });
  return button;
}
