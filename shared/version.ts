/** Version of both programs; that of package.json, which a built agent does not carry. */
export const VERSION = "0.1.0";
