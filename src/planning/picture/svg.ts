/** A place in a picture, as short as it may be written. */
export const at = (pixels: number): number => Math.round(pixels * 10) / 10;

/** Text as it stands in SVG. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
