/** Which coordinator a command is for: the one on a data folder of this machine, or with `server` one elsewhere. */
export interface Whereabouts {
  data: string;
  /** `https://HOST:PORT` */
  server?: string | undefined;
  /** Folder of an operator's key and certificate. */
  identity?: string | undefined;
}

/** What every command takes. */
export interface CommonArguments extends Whereabouts {
  json: boolean;
}
