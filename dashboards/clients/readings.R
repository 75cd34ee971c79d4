# The past day of all bins as a data frame; base R alone.
#   MARSAD=https://marsad.city.example MARSAD_TOKEN=... Rscript readings.R
base <- paste0(Sys.getenv("MARSAD", "http://127.0.0.1:8080"), "/api/v1/")
token <- c(Authorization = paste("Bearer", Sys.getenv("MARSAD_TOKEN")))

# CSV is streamed whole, however long the period: no pages.
ask <- function(path, ...) {
  parameters <- c(..., format = "csv")
  values <- vapply(parameters, URLencode, "", reserved = TRUE)
  answer <- url(paste0(base, path, "?", paste0(names(parameters), "=", values, collapse = "&")), headers = token)
  on.exit(close(answer))
  read.csv(textConnection(readLines(answer)))
}

readings <- ask("readings", quantity = "waste.fill")
cat(nrow(readings), "readings\n")
if (nrow(readings) > 0) {
  good <- readings[readings$grade != "bad", ]
  print(aggregate(value ~ zone, good, mean))
}
