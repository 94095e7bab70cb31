/** Is it that directory, or below it? */
export const lies = (path: string, root: string): boolean => {
  const folder = root.replace(/\/*$/, '/');
  return `${path.replace(/\/*$/, '')}/`.startsWith(folder);
};
