/** The bundle holds their text. */
declare module "*.md" {
  const text: string;
  export default text;
}
