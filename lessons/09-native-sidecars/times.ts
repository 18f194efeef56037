/** Reads the timestamps of the API, which know whole seconds. */

/** The time of day in a timestamp. */
export function timeOf(timestamp: string | undefined): string {
  return timestamp?.slice(11, 19) ?? 'never'
}

/** How long ago that was; a time that is not known has not come yet. */
export function secondsSince(timestamp: string | undefined): number {
  return timestamp ? (Date.now() - Date.parse(timestamp)) / 1_000 : 0
}
