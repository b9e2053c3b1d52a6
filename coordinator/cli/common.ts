/** What every command takes. */
export interface CommonArguments {
  data: string;
  json: boolean;
}
