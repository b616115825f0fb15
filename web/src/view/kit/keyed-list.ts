// 让列表的子元素与给定的一串元素一致: 已在原位的不动, 所以焦点, 滚动与播放都不受影响

export function placeChildren(parent: HTMLElement, elements: readonly HTMLElement[]): void {
  const wanted = new Set<Element>(elements);
  // 先去掉不要的: 剩下的多半已经次序相同
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let next = parent.firstElementChild;
  for (const element of elements) {
    if (element === next) next = next.nextElementSibling;
    // 只是前面的一个要挪到后面去: 跳过它, 轮到它时再挪; 否则其余的全要动一遍
    else if (next !== null && element === next.nextElementSibling) next = element.nextElementSibling;
    else parent.insertBefore(element, next);
  }
}
