/** The reader's own region of the page's language ("en-GB"): it decides how dates and numbers look. */
export function regionOf(language: string, wanted: readonly string[]): string {
  return wanted.find((tag) => tag.toLowerCase() === language || tag.toLowerCase().startsWith(`${language}-`)) ?? language
}
