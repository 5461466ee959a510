/** Where this site shows what it read. */
export const pagePath = (slug: string) => `/${slug.split("/").map(encodeURIComponent).join("/")}`;

export const databasePath = (id: string) => `/database/${id}`;
