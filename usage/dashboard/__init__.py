"""What calls came to, by time and by whom, for pages and spreadsheets."""
