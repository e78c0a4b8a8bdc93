import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `npm run dev` shows the pages of a server that runs elsewhere (`python manage.py up --port 8000`).
const SERVER = "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  server: { proxy: { "/api": SERVER } },
  // The one large file is plotly, which is fetched only by the page that draws.
  build: { chunkSizeWarningLimit: 1600 },
});
